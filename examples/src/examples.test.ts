import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { connect } from '@holdfast/client'
import { localCluster } from './local-cluster.js'

const run = promisify(execFile)

/** Runs an example as its header says, and gives what it printed. */
async function linesOf(example: string, ...endpoints: string[]): Promise<readonly string[]> {
  const program = fileURLToPath(new URL(`../dist/${example}.js`, import.meta.url))
  const { stdout, stderr } = await run(process.execPath, [program, ...endpoints], {
    timeout: 60_000,
  })
  expect(stderr).toBe('')
  return stdout.trimEnd().split('\n')
}

describe('the examples, run as a user would', () => {
  it('tour: runs to its end, and shows what README.md says', async () => {
    const lines = await linesOf('tour')
    expect(lines.slice(0, -1)).toEqual([
      expect.stringMatching(/^working under token \d+$/),
      'written',
      ...[1, 2, 3].map((report) => `the leader writes report ${report}`),
      expect.stringMatching(/^sent to (\w+@example\.com(, )?){4}$/),
    ])
    expect(lines.at(-1)).toMatch(/^\d+ put config\/rate 10$/)
  })

  it('tour: can be taken again on the same cluster', async () => {
    await using cluster = await localCluster()
    const first = await linesOf('tour', ...cluster.endpoints)
    expect(await linesOf('tour', ...cluster.endpoints)).toHaveLength(first.length)
  })

  it('errors: each kind is told apart', async () => {
    expect(await linesOf('errors')).toEqual([
      'held by ada',
      'not protected to the end: deleted',
      'had no effect: leaseNotFound, do not repeat',
      'may have happened: read before you write again',
    ])
  })

  it('embedded: a coordinator and its client in one process', async () => {
    const [line] = await linesOf('embedded')
    expect(line).toMatch(/^http:\/\/127\.0\.0\.1:\d+ granted token \d+$/)
  })

  it('cron-singleton: each fire time runs on one replica', async () => {
    const fires = (await linesOf('cron-singleton')).map((line) => line.split(':')[0])
    expect(fires).toEqual(['fire 0', 'fire 1', 'fire 2', 'fire 3'])
  })

  it('leader-worker: every replica leads once, with a larger token than the one before', async () => {
    const lines = await linesOf('leader-worker')
    expect(lines.at(-1)).toBe('every replica has led once')
    const turns = lines.slice(0, -1).map((line) => /^(\w) works .* token (\d+)$/.exec(line))
    const tokens = turns.map((turn) => Number(turn?.[2]))
    expect(tokens).toHaveLength(9)
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b))
    expect(new Set(turns.map((turn) => `${turn?.[1]} ${turn?.[2]}`)).size).toBe(3)
  })

  it('job-queue: what failed is delivered again, and everything is done once', async () => {
    const lines = await linesOf('job-queue')
    expect(lines.at(-1)).toBe('6 emails sent')
    const sent = lines.flatMap((line) => /sent to (\S+), attempt (\d)/.exec(line)?.[1] ?? [])
    expect(new Set(sent).size).toBe(6)
    expect(sent).toHaveLength(6)
    expect(lines.filter((line) => /fails to send to grace/.test(line))).toHaveLength(1)
    expect(lines.filter((line) => /sent to grace\S+ attempt 2/.test(line))).toHaveLength(1)
  })

  it('job-queue: takes no work of others, whose queue has an obvious name', async () => {
    await using other = await localCluster()
    const holdfast = connect({ endpoints: other.endpoints })
    await holdfast.queue('emails').push({ to: 'stranger@example.com' })
    const lines = await linesOf('job-queue', ...other.endpoints)
    expect(lines.filter((line) => line.includes('stranger'))).toEqual([])
    expect(await holdfast.queue('emails').stats()).toMatchObject({ items: 1 })
    await holdfast.close()
  })

  it('fenced-write: the late write of a paused holder is refused', async () => {
    const [held, next, late] = await linesOf('fenced-write')
    const tokenOf = (line: string | undefined): number =>
      Number(/token (\d+)/.exec(line ?? '')?.[1])
    expect(next).toMatch(/write accepted: true$/)
    expect(late).toMatch(/write accepted: false$/)
    expect(tokenOf(next)).toBeGreaterThan(tokenOf(held))
    expect(tokenOf(late)).toBe(tokenOf(held))
  })
})
