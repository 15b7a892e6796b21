/**
 * Random runs of whole clusters: what happens in them, to whom, and how often. A run is a list of
 * events, so that a failure shrinks to the shortest list that still fails.
 *
 * The mixes weigh the same events differently (swarm testing): faults that are rare together in one
 * mix are common in another.
 */

import fc from 'fast-check'
import type { Counts } from './simulation-checker.test-support.js'
import { SimulatedCluster, type ClusterOptions } from './simulation.test-support.js'

type Event = (cluster: SimulatedCluster, a: number, b: number) => void
/** Events by their number, each with the two numbers that it is given. */
export type Script = readonly (readonly [event: number, a: number, b: number])[]
type Weights = readonly [
  calm: number,
  network: number,
  leaders: number,
  disks: number,
  members: number,
  logs: number,
]

export const MIXES = ['calm', 'network', 'leaders', 'disks', 'members', 'logs'] as const

/** How often in each mix, and what happens. The two numbers choose to whom or to which message. */
const EVENTS: readonly (readonly [Weights, Event])[] = [
  [[8, 8, 4, 8, 6, 6], (cluster, a) => cluster.tick(pick(cluster, a))],
  [[2, 2, 1, 2, 1, 2], (cluster, a, b) => repeat(b % 12, () => cluster.tick(pick(cluster, a)))],
  [[10, 14, 8, 20, 10, 12], (cluster, a) => void cluster.processReady(pick(cluster, a))],
  [[8, 8, 8, 10, 8, 8], (cluster, a) => void cluster.completeWrite(pick(cluster, a))],
  [[10, 30, 10, 20, 10, 10], (cluster, a) => cluster.deliver(a)],
  [[8, 8, 4, 8, 6, 6], (cluster) => cluster.deliver(0)],
  [[1, 8, 1, 1, 1, 4], (cluster, a) => cluster.deliver(a, true)],
  [[1, 8, 4, 1, 1, 6], (cluster, a) => cluster.drop(a)],
  [[8, 8, 8, 8, 8, 10], (cluster, a) => cluster.propose(pick(cluster, a))],
  [[4, 4, 4, 2, 1, 1], (cluster, a) => cluster.read(pick(cluster, a))],
  [[1, 2, 4, 6, 3, 4], (cluster, a) => pick(cluster, a).raft?.campaign()],
  [[1, 4, 1, 1, 1, 4], (cluster, a, b) => reportUnreachable(cluster, a, b)],
  [[1, 1, 2, 1, 1, 1], (cluster, a) => pick(cluster, a).raft?.forgetLeader()],
  [[2, 1, 4, 3, 4, 3], (cluster, a) => cluster.crash(pick(cluster, a))],
  [[3, 2, 6, 5, 5, 4], (cluster, a, b) => cluster.start(pick(cluster, a), b)],
  [
    [0, 3, 1, 0, 2, 4],
    (cluster, a, b) => cluster.partition([pick(cluster, a).id, pick(cluster, b).id]),
  ],
  [[1, 2, 3, 1, 3, 3], (cluster) => cluster.partition([])],
  [[0, 1, 6, 3, 8, 6], (cluster) => cluster.leader && cluster.usurp(cluster.leader)],
  [[0, 0, 6, 0, 0, 0], (cluster) => cluster.leader && readAtEach(cluster)],
  [[0, 0, 6, 1, 4, 6], (cluster) => cluster.leader && cluster.propose(cluster.leader)],
  [[0, 0, 2, 8, 1, 6], (cluster, a) => cluster.toggleSlowDisk(pick(cluster, a))],
  [[14, 6, 10, 10, 10, 8], (cluster) => void cluster.runRound()],
  [[3, 2, 4, 2, 3, 3], (cluster, a) => repeat(a % 8, () => everybodyTicksOnce(cluster))],
  [[3, 3, 3, 3, 2, 8], (cluster, a, b) => cluster.compact(pick(cluster, a), b)],
  [[1, 2, 2, 1, 2, 1], (cluster, a, b) => cluster.transfer(pick(cluster, a), pick(cluster, b).id)],
  [[2, 3, 6, 2, 16, 1], (cluster, a, b) => changeMembership(cluster, a, pick(cluster, b).id)],
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

export function everybodyTicksOnce(cluster: SimulatedCluster): void {
  for (const member of cluster.members) cluster.tick(member)
  cluster.runRound()
  cluster.runRound()
}

export function script(mix: number): fc.Arbitrary<Script> {
  const choices = EVENTS.map(([weights], at) => ({
    weight: weights[mix]!,
    arbitrary: fc.constant(at),
  }))
  const event = fc.tuple(fc.oneof(...choices), fc.nat(1000), fc.nat(1000))
  return fc.array(event, { minLength: 50, maxLength: 400, size: 'max' })
}

export const tiny = {
  maxAppendBytes: 20,
  maxInflightAppends: 2,
  maxUncommittedBytes: 100,
  maxApplyingBytes: 40,
  maxPendingReads: 3,
}

export const CLUSTERS: readonly (readonly [string, number, ClusterOptions])[] = [
  ['three members', 200, { voters: ['1', '2', '3'] }],
  ['five members', 150, { voters: ['1', '2', '3', '4', '5'] }],
  ['three members and a learner', 60, { voters: ['1', '2', '3'], learners: ['4'] }],
  ['two members', 40, { voters: ['1', '2'] }],
  ['three members with tiny windows', 200, { voters: ['1', '2', '3'], limits: tiny }],
  ['five members with tiny windows', 150, { voters: ['1', '2', '3', '4', '5'], limits: tiny }],
  ['three members, and two that may join', 200, { voters: ['1', '2', '3'], spares: ['4', '5'] }],
  ['one member, and two that may join', 100, { voters: ['1'], spares: ['2', '3'], limits: tiny }],
]

/** Runs a script, heals the cluster, and counts what was seen. @throws what was violated */
export function runScript(options: ClusterOptions, events: Script): Counts {
  const cluster = new SimulatedCluster(options)
  playScript(cluster, events)
  cluster.heal()
  cluster.checkRefusals()
  return cluster.checker.counts
}

export function playScript(
  cluster: SimulatedCluster,
  events: Script,
  after = (): void => undefined,
): void {
  for (const [at, a, b] of events) {
    EVENTS[at]![1](cluster, a, b)
    after()
  }
}
