/**
 * What happens in a run, to whom, and how often. A run is a list of events, so that a failure shrinks
 * to a short list that still fails, and can be kept as a text.
 *
 * The mixes weigh the same events differently (swarm testing): faults that are rare together in one
 * mix are common in another.
 */

import { Random } from './random.js'
import {
  changeMembership,
  churn,
  reign,
  repeat,
  stir,
  usurp,
} from './simulation-nemeses.test-support.js'
import type { SimulatedCluster, SimulatedMember } from './simulation.test-support.js'

/** An event's name, and the two numbers that say to whom or to which message. */
export type Event = readonly [name: string, a: number, b: number]

type Run = (cluster: SimulatedCluster, a: number, b: number) => void

export const MIXES = ['calm', 'network', 'leaders', 'disks', 'members', 'logs', 'reigns'] as const
/** How often each mix is drawn. */
const MIX_WEIGHTS: readonly number[] = [1, 2, 2, 2, 2, 2, 13]

/** As `changeOf` counts them. */
export const CHANGES = ['addVoter', 'addLearner', 'promote', 'remove'] as const
const NEVER = MIXES.map(() => 0)

/** How often in each mix, and what happens. */
const EVENTS: Readonly<Record<string, readonly [weights: readonly number[], run: Run]>> = {
  tick: [[8, 8, 4, 8, 6, 6, 4], (cluster, a) => cluster.tick(pick(cluster, a))],
  ticks: [
    [2, 2, 1, 2, 1, 2, 1],
    (cluster, a, b) => repeat(b % 12, () => cluster.tick(pick(cluster, a))),
  ],
  everybodyTicks: [
    [3, 2, 4, 2, 3, 3, 2],
    (cluster, a) => repeat(a % 8, () => everybodyTicksOnce(cluster)),
  ],
  round: [[14, 6, 10, 10, 10, 8, 6], (cluster) => void cluster.runRound()],
  stir: [[0, 0, 0, 2, 2, 2, 4], (cluster, a, b) => stir(cluster, randomOf(a, b), a % 40)],
  ready: [[10, 14, 8, 20, 10, 12, 6], (cluster, a) => void cluster.processReady(pick(cluster, a))],
  write: [[8, 8, 8, 10, 8, 8, 6], (cluster, a) => void cluster.completeWrite(pick(cluster, a))],
  deliver: [[10, 30, 10, 20, 10, 10, 8], (cluster, a) => cluster.deliver(a)],
  deliverNext: [[8, 8, 4, 8, 6, 6, 4], (cluster) => cluster.deliver(0)],
  deliverTwice: [[1, 8, 1, 1, 1, 4, 2], (cluster, a) => cluster.deliver(a, true)],
  drop: [[1, 8, 4, 1, 1, 6, 2], (cluster, a) => cluster.drop(a)],
  holdBack: [[0, 6, 2, 2, 2, 4, 6], (cluster, a) => cluster.holdBack(a)],
  release: [[0, 1, 1, 1, 1, 1, 2], (cluster) => cluster.releaseHeldBack()],
  propose: [[8, 8, 8, 8, 8, 10, 4], (cluster, a) => void cluster.propose(pick(cluster, a))],
  proposeToLeader: [[0, 0, 6, 1, 4, 6, 4], (cluster) => withLeader(cluster, proposeTo)],
  read: [[4, 4, 4, 2, 1, 1, 1], (cluster, a) => cluster.read(pick(cluster, a))],
  readAtEach: [[0, 0, 6, 0, 0, 0, 3], (cluster) => readAtEach(cluster)],
  campaign: [[1, 2, 4, 6, 3, 4, 2], (cluster, a) => cluster.campaign(pick(cluster, a))],
  unreachable: [
    [1, 4, 1, 1, 1, 4, 1],
    (cluster, a, b) => pick(cluster, a).raft?.reportUnreachable(pick(cluster, b).id),
  ],
  forgetLeader: [[1, 1, 2, 1, 1, 1, 1], (cluster, a) => pick(cluster, a).raft?.forgetLeader()],
  crash: [[1, 1, 2, 2, 2, 2, 2], (cluster, a) => cluster.crash(pick(cluster, a))],
  start: [[4, 4, 8, 8, 8, 6, 8], (cluster, a, b) => cluster.start(pick(cluster, a), b)],
  stall: [[1, 1, 1, 1, 1, 1, 2], (cluster, a) => cluster.stall(pick(cluster, a))],
  resume: [[4, 4, 4, 4, 4, 4, 6], (cluster, a) => cluster.resume(pick(cluster, a))],
  partition: [
    [0, 3, 1, 0, 2, 4, 1],
    (cluster, a, b) => cluster.partition([pick(cluster, a).id, pick(cluster, b).id]),
  ],
  cutOneWay: [
    [0, 2, 1, 0, 1, 1, 1],
    (cluster, a, b) => cluster.cutOneWay(pick(cluster, a).id, pick(cluster, b).id),
  ],
  connect: [[1, 2, 3, 1, 3, 3, 2], (cluster) => cluster.partition([])],
  usurp: [
    [0, 1, 6, 3, 8, 6, 2],
    (cluster) => withLeader(cluster, (leader) => usurp(cluster, leader)),
  ],
  reign: [[0, 1, 2, 2, 2, 2, 16], (cluster, a, b) => reign(cluster, randomOf(a, b))],
  churn: [[0, 0, 1, 0, 6, 0, 4], (cluster, a, b) => churn(cluster, randomOf(a, b))],
  slowDisk: [[0, 0, 2, 8, 1, 6, 2], (cluster, a) => cluster.toggleSlowDisk(pick(cluster, a))],
  compact: [[3, 3, 3, 3, 2, 8, 3], (cluster, a, b) => cluster.compact(pick(cluster, a), b)],
  transfer: [
    [1, 2, 2, 1, 2, 1, 1],
    (cluster, a, b) => cluster.transfer(pick(cluster, a), pick(cluster, b).id),
  ],
  // What the nemeses are made of, besides: only a run that was taken apart has these by name.
  partitionOf: [
    NEVER,
    (cluster, a) => cluster.partition(cluster.members.filter((_, at) => a & (1 << at)).map(idOf)),
  ],
  changeOf: [
    NEVER,
    (cluster, a, b) => {
      const type = CHANGES[Math.floor(b / 10)]!
      cluster.changeMembership(pick(cluster, a), { type, id: pick(cluster, b % 10).id })
    },
  ],
  change: [[2, 3, 6, 2, 16, 1, 6], (cluster, a, b) => changeMembership(cluster, randomOf(a, b))],
}

const NAMES = Object.keys(EVENTS)

export function play(cluster: SimulatedCluster, [name, a, b]: Event): void {
  const event = EVENTS[name]
  if (event === undefined) throw new Error(`there is no event called ${name}`)
  event[1](cluster, a, b)
}

export function drawMix(random: Random): number {
  return drawWeighted(MIX_WEIGHTS, random)
}

/** A list of events of this mix. */
export function drawEvents(mix: number, random: Random): Event[] {
  const weights = NAMES.map((name) => EVENTS[name]![0][mix]!)
  return Array.from({ length: 50 + random.below(350) }, () => {
    const name = NAMES[drawWeighted(weights, random)]!
    return [name, random.below(1_000), random.below(1_000)]
  })
}

function drawWeighted(weights: readonly number[], random: Random): number {
  let left = random.below(weights.reduce((total, weight) => total + weight, 0))
  return weights.findIndex((weight) => (left -= weight) < 0)
}

export function everybodyTicksOnce(cluster: SimulatedCluster): void {
  for (const member of cluster.members) cluster.tick(member)
  cluster.runRound()
  cluster.runRound()
}

function randomOf(a: number, b: number): Random {
  return new Random(1_000 * a + b)
}

function idOf({ id }: SimulatedMember): string {
  return id
}

function pick(cluster: SimulatedCluster, number: number): SimulatedMember {
  return cluster.members[number % cluster.members.length]!
}

function withLeader(
  cluster: SimulatedCluster,
  run: (leader: SimulatedMember, cluster: SimulatedCluster) => void,
): void {
  const { leader } = cluster
  if (leader !== undefined) run(leader, cluster)
}

function proposeTo(leader: SimulatedMember, cluster: SimulatedCluster): void {
  cluster.propose(leader)
}

function readAtEach(cluster: SimulatedCluster): void {
  for (const member of cluster.members) cluster.read(member)
}
