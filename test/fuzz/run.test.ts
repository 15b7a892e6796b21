/** That the fuzzer can fail: whatever it looks for is done by a fake, and must be reported. */

import { expect, it, onTestFinished } from 'vitest'
import { startFakeTarget, type FakeOptions } from './fake-target.test-support.js'
import { inputKinds } from './input.js'
import { reportOf, type Report } from './report.js'
import { fuzz, type FuzzRun } from './run.js'

const SEED = 7

async function fuzzed(
  fake: FakeOptions,
  inputs = 1_000,
  kinds: typeof inputKinds | readonly ['json'] = ['json'],
): Promise<FuzzRun & Report> {
  const target = await startFakeTarget(fake)
  onTestFinished(() => target.close())
  const run = await fuzz({ inputs, seed: SEED, first: 0, kinds, seconds: Infinity }, target)
  return { ...run, ...reportOf(run, 4) }
}

it('finds nothing wrong with a server that refuses everything and changes nothing', async () => {
  const { findings, isGood, sent } = await fuzzed({}, 1_000, inputKinds)
  expect(findings.lines).toEqual([])
  expect([isGood, sent]).toEqual([true, 1_000])
})

it('reports a refused request that changed the state, alone, and what repeats it', async () => {
  let changes = 0
  const { findings, isGood, text } = await fuzzed({
    onRequest: ({ path, body }) => {
      if (path.endsWith('/kv/compaction') && body.includes('null')) changes += 1
    },
    state: () => String(changes),
  })
  expect(isGood).toBe(false)
  expect(findings.violations).toBeGreaterThan(0)
  for (const line of findings.lines) {
    expect(line).toMatch(/^refused \(400\), and changed\n {2}\d+ to\n {2}\d+\n {2}input \d+, json/)
    expect(line).toMatch(/"POST \S+\/kv\/compaction HTTP.*null/)
  }
  expect(text).toContain(`again: npm run fuzz -- --inputs 1000 --seed ${SEED}`)
})

it('reports a change that happens only once, with the inputs among which it was', async () => {
  let requests = 0
  const { findings, isGood } = await fuzzed({
    onRequest: () => (requests += 1),
    state: () => String(requests > 1_500),
  })
  expect(isGood).toBe(false)
  expect(findings.lines).toEqual([expect.stringMatching(/^\d+ refused inputs from 0 to 999 /)])
})

it('reports a process that has ended, or was replaced by another', async () => {
  let asked = 0
  const ended = await fuzzed({ pid: () => ((asked += 1) > 2 ? undefined : 1) }, 5_000)
  expect([ended.findings.crashes, ended.sent, ended.isGood]).toEqual([1, 2_000, false])
  let pid = 0
  const replaced = await fuzzed({ pid: () => (pid += 1) })
  expect([replaced.findings.crashes, replaced.isGood]).toEqual([1, false])
})

it('reports a server that does not listen any more', async () => {
  const target = await startFakeTarget()
  await target.close()
  const options = { inputs: 1_000, seed: SEED, first: 0, kinds: ['json'], seconds: 60 } as const
  const { findings } = await fuzz(options, target)
  expect(findings.crashes).toBe(1)
})

it('reports a process that grows', async () => {
  let rssBytes = 100 * 1024 * 1024
  const { isGood, text } = await fuzzed({ rssBytes: () => (rssBytes *= 1.1) }, 10_000)
  expect(isGood).toBe(false)
  expect(text).toContain('RSS: GROWN')
})

it('reports an internal error, an error that is none, and a line that tells of a defect', async () => {
  const internal = JSON.stringify({ error: 'internal', code: 13, message: 'internal' })
  const failing = await fuzzed({ answer: { status: 500, body: internal } })
  expect(failing.findings.lines[0]).toMatch(/^answer 500: 500: .*"code":13/)
  const mute = await fuzzed({ answer: { status: 400, body: 'no' } })
  expect(mute.findings.lines[0]).toMatch(/^answer 400: an error that is none: "no"/)
  const complaining = await fuzzed({ complaints: () => ['a stack trace'] })
  expect(complaining.findings.lines[0]).toMatch(/it wrote: a stack trace$/)
  expect([failing.isGood, mute.isGood, complaining.isGood]).toEqual([false, false, false])
})
