/** A run that one number decides: its mix of faults, its cluster and its script. */

import fc from 'fast-check'
import type { Counts } from './simulation-checker.test-support.js'
import { CLUSTERS, MIXES, runScript, script } from './simulation-events.test-support.js'

/** @throws what was violated */
export function runSeed(seed: number): Counts {
  const mix = seed % MIXES.length
  const [, , options] = CLUSTERS[Math.floor(seed / MIXES.length) % CLUSTERS.length]!
  const [events] = fc.sample(script(mix), { seed, numRuns: 1 })
  return runScript(options, events!)
}
