/** Random runs of whole clusters: see `simulation-events.test-support.ts`. */

import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { noCounts, type Counts } from './simulation-checker.test-support.js'
import {
  CLUSTERS,
  everybodyTicksOnce,
  MIXES,
  playScript,
  runScript,
  script,
  tiny,
  type Script,
} from './simulation-events.test-support.js'
import { SimulatedCluster } from './simulation.test-support.js'

const totals = noCounts()

function count(counts: Counts): void {
  for (const name of Object.keys(counts) as (keyof Counts)[]) totals[name] += counts[name]
}

describe.each(MIXES.map((name, mix) => [name, mix] as const))(
  'under random faults (%s) a cluster keeps its promises and heals (Raft, Figure 3)',
  (_mix, mix) => {
    test.each(CLUSTERS)('%s', (_name, numRuns, options) => {
      fc.assert(
        fc.property(script(mix), (events) => count(runScript(options, events))),
        { numRuns, seed: 20_261_121 },
      )
    })
  },
)

test('the same events make the same run, message by message', () => {
  const options = { voters: ['1', '2', '3'], learners: ['4'], limits: tiny }
  const trace = (events: Script): string => {
    const cluster = new SimulatedCluster(options)
    const seen: unknown[] = []
    playScript(cluster, events, () => {
      seen.push(...cluster.network, ...cluster.members.map(({ raft }) => raft?.status))
    })
    return JSON.stringify(seen)
  }
  fc.assert(
    fc.property(script(1), (events) => trace(events) === trace(events)),
    { numRuns: 5, seed: 4 },
  )
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

afterAll(() => {
  // A tester that never reaches the rare states proves nothing.
  expect(totals.elections).toBeGreaterThan(2_000)
  expect(totals.truncations).toBeGreaterThan(200)
  expect(totals.reads).toBeGreaterThan(2_000)
  expect(totals.droppedReads).toBeGreaterThan(500)
  expect(totals.snapshots).toBeGreaterThan(200)
  expect(totals.memberships).toBeGreaterThan(200)
})
