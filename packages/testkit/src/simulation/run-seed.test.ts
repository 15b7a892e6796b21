/**
 * Whole members through faults, each run decided by its seed. A failure names the seed; to see it again:
 * npm run sim -- --level node --seed SEED --once
 */

import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { runNodeSeed } from './run-seed.js'

const SEEDS = Number(process.env['HOLDFAST_NODE_SEEDS'] ?? 200)
/** Others in every run: what fails here is a bug that nobody knew of. */
const FIRST_SEED = Number(process.env['HOLDFAST_NODE_FIRST_SEED'] ?? randomInt(2 ** 31))
/** Reached in so many seeds for certain; a tester that does not get there proves nothing. */
const SOMETIMES = [
  ...['elections', 'restarts', 'stepDowns', 'truncations', 'restores', 'rejectedAppends'],
  ...['forwardedProposals', 'forwardedReads', 'repeatedRequests', 'transfers', 'expiries'],
  ...['swallowed', 'lost', 'repeated', 'deliveries', 'work', 'watchBatches'],
]

describe('whole members', () => {
  it(
    `keep what they promise, in ${SEEDS} seeds from ${FIRST_SEED} on`,
    { timeout: 600_000 },
    async () => {
      const totals: Record<string, number> = {}
      for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
        try {
          const { counts } = await runNodeSeed(seed)
          for (const [name, count] of Object.entries(counts)) {
            totals[name] = (totals[name] ?? 0) + count
          }
        } catch (error) {
          throw new Error(`npm run sim -- --level node --seed ${seed} --once`, { cause: error })
        }
      }
      for (const name of SOMETIMES) expect(totals[name], name).toBeGreaterThan(0)
    },
  )

  it('do the same from the same seed, in another process too', { timeout: 120_000 }, async () => {
    const seeds = [1, 2, 3, 4, 5, 6]
    const here = await tracesOf(seeds)
    expect(await tracesOf(seeds.slice(0, 2))).toEqual(here.slice(0, 2))
    expect(await tracesInAnotherProcess(seeds)).toEqual(here)
  })
})

async function tracesOf(seeds: readonly number[]): Promise<readonly string[]> {
  const traces: string[] = []
  for (const seed of seeds) traces.push((await runNodeSeed(seed)).traceHash)
  return traces
}

/** Backwards, so that what one seed leaves behind would show in another. */
async function tracesInAnotherProcess(seeds: readonly number[]): Promise<readonly string[]> {
  const built = new URL('../../dist/simulation/run-seed.js', import.meta.url).href
  const program = `
    const { runNodeSeed } = await import(${JSON.stringify(built)})
    for (const seed of ${JSON.stringify(seeds.toReversed())}) {
      console.log((await runNodeSeed(seed)).traceHash)
    }
  `
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--input-type=module', '--eval', program],
  ])
  return stdout.trim().split('\n').reverse()
}
