/**
 * Random runs of whole clusters, each decided by a number: see `simulation-seed.test-support.ts`. These
 * are always the same; `test/sim` runs others every time, and asks whether they would find a bug.
 */

import { describe, expect, test } from 'vitest'
import { everybodyTicksOnce } from './simulation-events.test-support.js'
import { runSeed } from './simulation-seed.test-support.js'
import {
  addSightings,
  noSightings,
  SIGHTINGS,
  type Sighting,
} from './simulation-sightings.test-support.js'
import { traceHash } from './simulation-trace.test-support.js'
import { SimulatedCluster } from './simulation.test-support.js'

/** In so many the rarest state of those below is reached some fifteen times. */
const SEEDS = Array.from({ length: 1_000 }, (_, seed) => seed)
const totals = noSightings()
const ticksToSettle: number[] = []

test('under random faults a cluster keeps its promises and heals (Raft, Figure 3)', () => {
  for (const seed of SEEDS) {
    const outcome = runSeed(seed)
    addSightings(totals, outcome.sightings)
    ticksToSettle.push(outcome.ticksToSettle)
  }
}, 60_000)

test.each(Object.entries(SIGHTINGS))('reaches the rare state %s: %s', (name) => {
  expect(totals[name as Sighting]).toBeGreaterThan(0)
})

test('a quorum agrees within ten election timeouts, but for one run in a thousand (catalogue 5)', () => {
  const late = ticksToSettle.filter((ticks) => ticks > 50)
  expect(late.length).toBeLessThanOrEqual(SEEDS.length / 1_000)
})

test('the same seed makes the same run, message by message', () => {
  for (const seed of SEEDS.slice(0, 20)) expect(traceHash(seed)).toBe(traceHash(seed))
})

describe('partial connectivity still gives a stable leader (Howard and Abraham 2020)', () => {
  const bridges: readonly (readonly [string, string[], string[]])[] = [
    [
      '1-2-3 are connected, 4 only to 2, 5 only to 3',
      ['12', '13', '23', '24', '35'],
      ['1', '2', '3'],
    ],
    ['a chain of five', ['12', '23', '34', '45'], ['2', '3', '4']],
    ['a star around 3', ['13', '23', '34', '35'], ['3']],
  ]

  test.each(bridges)('%s', (_name, links, possible) => {
    const cluster = new SimulatedCluster({ voters: ['1', '2', '3', '4', '5'] })
    cluster.cut((from, to) => !links.includes(from + to) && !links.includes(to + from))
    const leaders: (string | undefined)[] = []
    for (let tick = 0; tick < 400; tick += 1) {
      everybodyTicksOnce(cluster)
      cluster.runRound()
      if (tick >= 200) leaders.push(cluster.leader?.id)
    }
    expect(new Set(leaders).size).toBe(1)
    expect(possible).toContain(leaders[0])
    const before = cluster.checker.committed.length
    cluster.propose(cluster.leader!)
    while (cluster.runRound());
    expect(cluster.checker.committed.length).toBe(before + 1)
  })
})
