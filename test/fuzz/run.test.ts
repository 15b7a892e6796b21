/** That the fuzzer can fail: whatever it looks for is done by a fake, and must be reported. */

import type { Duplex } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { REFUSAL, startFakeTarget, type FakeOptions } from './fake-target.test-support.js'
import { inputKinds, type InputKind } from './input.js'
import { reportOf, type Report } from './report.js'
import { fuzz, type FuzzRun } from './run.js'

const SEED = 7

async function fuzzed(
  fake: FakeOptions,
  inputs = 1_000,
  kinds: readonly InputKind[] = ['json'],
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

/** Serves all that it can read, and has done so before it answers. */
function slowServer(): FakeOptions {
  let served = 0
  return {
    onRequest: () => (served += 1),
    answer: () => ({ status: 200, body: '{}' }),
    isSlow: true,
    state: () => String(served),
  }
}

describe('garbage behind a request that is being served', () => {
  it('is reported when it is refused in the place of the answer', async () => {
    const { findings, isGood } = await fuzzed(slowServer(), 100, ['http'])
    expect([isGood, findings.violations > 0]).toEqual([false, true])
    for (const line of findings.lines) expect(line).toMatch(/^refused \(400\), and changed/)
  })

  it('leaves it unknown what became of the request when it ends the connection', async () => {
    const fake = { ...slowServer(), onBroken: (socket: Duplex): void => void socket.destroy() }
    const { findings, isGood, tally } = await fuzzed(fake, 500, ['http'])
    expect(findings.lines).toEqual([])
    expect([isGood, tally.unknown > 0]).toEqual([true, true])
  })
})

it('reports that too little was compared, when what was refused is accepted the second time', async () => {
  const seen = new Set<string>()
  let accepted = 0
  const { findings, isGood, resent, text, uncompared } = await fuzzed({
    answer: ({ path, body }) => {
      if (seen.size < seen.add(path + body).size) return REFUSAL
      accepted += 1
      return { status: 200, body: '{}' }
    },
    state: () => String(accepted),
  })
  expect([findings.lines, isGood]).toEqual([[], false])
  expect([resent > 500, uncompared]).toEqual([true, resent])
  expect(text).toContain(`${resent} of them in vain, which is TOO MANY`)
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
  const failing = await fuzzed({ answer: () => ({ status: 500, body: internal }) })
  expect(failing.findings.lines[0]).toMatch(/^answer 500: 500: .*"code":13/)
  const mute = await fuzzed({ answer: () => ({ status: 400, body: 'no' }) })
  expect(mute.findings.lines[0]).toMatch(/^answer 400: an error that is none: "no"/)
  const complaining = await fuzzed({ complaints: () => ['a stack trace'] })
  expect(complaining.findings.lines[0]).toMatch(/it wrote: a stack trace$/)
  expect([failing.isGood, mute.isGood, complaining.isGood]).toEqual([false, false, false])
})
