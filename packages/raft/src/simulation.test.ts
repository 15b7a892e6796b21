/**
 * Random runs of whole clusters. Each run is a list of events drawn by fast-check, so that a failure
 * shrinks to the shortest list that still fails and replays from the printed seed and path.
 *
 * The mixes weigh the same events differently (swarm testing): faults that are rare together in one
 * mix are common in another.
 */

import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { SimulatedCluster, type ClusterOptions } from './simulation.test-support.js'

type Event = (cluster: SimulatedCluster, a: number, b: number) => void
type Weights = readonly [calm: number, network: number, leaders: number, disks: number]

const MIXES = ['calm', 'network', 'leaders', 'disks'] as const

/** How often in each mix, and what happens. The two numbers choose to whom or to which message. */
const EVENTS: readonly (readonly [Weights, Event])[] = [
  [[8, 8, 4, 8], (cluster, a) => cluster.tick(pick(cluster, a))],
  [[2, 2, 1, 2], (cluster, a, b) => repeat(b % 12, () => cluster.tick(pick(cluster, a)))],
  [[10, 14, 8, 20], (cluster, a) => void cluster.processReady(pick(cluster, a))],
  [[8, 8, 8, 10], (cluster, a) => void cluster.completeWrite(pick(cluster, a))],
  [[10, 30, 10, 20], (cluster, a) => cluster.deliver(a)],
  [[8, 8, 4, 8], (cluster) => cluster.deliver(0)],
  [[1, 8, 1, 1], (cluster, a) => cluster.deliver(a, true)],
  [[1, 8, 4, 1], (cluster, a) => cluster.drop(a)],
  [[8, 8, 8, 8], (cluster, a) => cluster.propose(pick(cluster, a))],
  [[4, 4, 4, 2], (cluster, a) => cluster.read(pick(cluster, a))],
  [[1, 2, 4, 6], (cluster, a) => pick(cluster, a).raft?.campaign()],
  [[1, 4, 1, 1], (cluster, a, b) => reportUnreachable(cluster, a, b)],
  [[1, 1, 2, 1], (cluster, a) => pick(cluster, a).raft?.forgetLeader()],
  [[2, 1, 4, 3], (cluster, a) => cluster.crash(pick(cluster, a))],
  [[3, 2, 6, 5], (cluster, a, b) => cluster.start(pick(cluster, a), b)],
  [[0, 3, 1, 0], (cluster, a, b) => cluster.partition([pick(cluster, a).id, pick(cluster, b).id])],
  [[1, 2, 3, 1], (cluster) => cluster.partition([])],
  [[0, 1, 6, 3], (cluster) => cluster.leader && cluster.usurp(cluster.leader)],
  [[0, 0, 6, 0], (cluster) => cluster.leader && readAtEach(cluster)],
  [[0, 0, 6, 1], (cluster) => cluster.leader && cluster.propose(cluster.leader)],
  [[0, 0, 2, 8], (cluster, a) => cluster.toggleSlowDisk(pick(cluster, a))],
  [[14, 6, 10, 10], (cluster) => void cluster.runRound()],
  [[3, 2, 4, 2], (cluster, a) => repeat(a % 8, () => everybodyTicksOnce(cluster))],
  [[3, 3, 3, 3], (cluster, a, b) => cluster.compact(pick(cluster, a), b)],
  [[1, 2, 2, 1], (cluster, a, b) => cluster.transfer(pick(cluster, a), pick(cluster, b).id)],
  [[2, 3, 6, 2], (cluster, a, b) => changeMembership(cluster, a, pick(cluster, b).id)],
]

/** A change that makes sense for whom it is asked; leaders are asked, whoever they are. */
function changeMembership(cluster: SimulatedCluster, a: number, id: string): void {
  if (!cluster.hasSpares) return
  for (const member of cluster.members) {
    if (member.raft?.status.role !== 'leader') continue
    const { voters, learners } = member.raft.membership.membership
    const joins = a % 3 === 0 ? 'addVoter' : 'addLearner'
    const type = learners.includes(id) && a % 2 === 0 ? 'promote' : 'remove'
    const isMember = voters.includes(id) || learners.includes(id)
    cluster.changeMembership(member, { type: isMember ? type : joins, id })
  }
}

function pick(cluster: SimulatedCluster, number: number): SimulatedCluster['members'][number] {
  return cluster.members[number % cluster.members.length]!
}

function repeat(times: number, run: () => void): void {
  for (let time = 0; time < times; time += 1) run()
}

function reportUnreachable(cluster: SimulatedCluster, a: number, b: number): void {
  pick(cluster, a).raft?.reportUnreachable(pick(cluster, b).id)
}

function readAtEach(cluster: SimulatedCluster): void {
  for (const member of cluster.members) cluster.read(member)
}

function everybodyTicksOnce(cluster: SimulatedCluster): void {
  for (const member of cluster.members) cluster.tick(member)
  cluster.runRound()
  cluster.runRound()
}

function script(mix: number): fc.Arbitrary<[number, number, number][]> {
  const choices = EVENTS.map(([weights], at) => ({
    weight: weights[mix]!,
    arbitrary: fc.constant(at),
  }))
  const event = fc.tuple(fc.oneof(...choices), fc.nat(1000), fc.nat(1000))
  return fc.array(event, { minLength: 50, maxLength: 400, size: 'max' })
}

const COUNTS = [
  'elections',
  'truncations',
  'reads',
  'droppedReads',
  'snapshots',
  'memberships',
] as const
const totals = Object.fromEntries(COUNTS.map((name) => [name, 0])) as Record<
  (typeof COUNTS)[number],
  number
>

function run(options: ClusterOptions, events: readonly [number, number, number][]): void {
  const cluster = new SimulatedCluster(options)
  for (const [at, a, b] of events) EVENTS[at]![1](cluster, a, b)
  cluster.heal()
  cluster.checkRefusals()
  for (const name of COUNTS) totals[name] += cluster.checker.counts[name]
}

const tiny = {
  maxAppendBytes: 20,
  maxInflightAppends: 2,
  maxUncommittedBytes: 100,
  maxApplyingBytes: 40,
  maxPendingReads: 3,
}

const CLUSTERS: readonly (readonly [string, number, ClusterOptions])[] = [
  ['three members', 200, { voters: ['1', '2', '3'] }],
  ['five members', 150, { voters: ['1', '2', '3', '4', '5'] }],
  ['three members and a learner', 60, { voters: ['1', '2', '3'], learners: ['4'] }],
  ['two members', 40, { voters: ['1', '2'] }],
  ['three members with tiny windows', 200, { voters: ['1', '2', '3'], limits: tiny }],
  ['five members with tiny windows', 150, { voters: ['1', '2', '3', '4', '5'], limits: tiny }],
  ['three members, and two that may join', 200, { voters: ['1', '2', '3'], spares: ['4', '5'] }],
  ['one member, and two that may join', 100, { voters: ['1'], spares: ['2', '3'], limits: tiny }],
]

describe.each(MIXES.map((name, mix) => [name, mix] as const))(
  'under random faults (%s) a cluster keeps its promises and heals (Raft, Figure 3)',
  (_mix, mix) => {
    test.each(CLUSTERS)('%s', (_name, numRuns, options) => {
      fc.assert(
        fc.property(script(mix), (events) => run(options, events)),
        { numRuns, seed: 20_261_121 },
      )
    })
  },
)

test('the same events make the same run, message by message', () => {
  const options = { voters: ['1', '2', '3'], learners: ['4'], limits: tiny }
  const trace = (events: readonly [number, number, number][]): string => {
    const cluster = new SimulatedCluster(options)
    const seen: unknown[] = []
    for (const [at, a, b] of events) {
      EVENTS[at]![1](cluster, a, b)
      seen.push(...cluster.network, ...cluster.members.map(({ raft }) => raft?.status))
    }
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
