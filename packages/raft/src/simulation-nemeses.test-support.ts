/**
 * Faults that belong together, each made of chance all the same: what single events, drawn one by
 * one, come by only once in a million runs. Every draw comes from the `random` that is handed in.
 */

import type { Random } from './random.js'
import type { SimulatedMember } from './simulated-member.test-support.js'
import type { SimulatedCluster } from './simulation.test-support.js'

/** Two timeouts and some more: in so many ticks those whose clocks run elect somebody, if they can. */
const PATIENCE_TICKS = 25

/**
 * A part of the cluster, by itself and by its own clocks, elects a leader, and whoever believes to
 * lead begins something that may or may not get through before the next reign begins.
 */
export function reign(cluster: SimulatedCluster, random: Random, kind = drawKind(random)): void {
  if (random.below(2) === 0) meet(cluster, random)
  const apart = someApart(cluster, random)
  if (random.below(4) > 0) cluster.partition(apart.map(({ id }) => id))
  const others = cluster.members.filter((member) => !apart.includes(member))
  const { leader } = cluster
  const isLed = leader === undefined ? apart.length < others.length : apart.includes(leader)
  const awake = isLed === random.below(8) > 0 ? others : apart
  for (const member of awake) {
    cluster.resume(member)
    if (random.below(4) > 0) cluster.start(member, random.below(1_000))
  }
  const before = cluster.leader?.lastTerm ?? 0
  for (let tick = 0; tick < PATIENCE_TICKS; tick += 1) {
    for (const member of awake) cluster.tick(member)
    cluster.runRound()
    for (const member of awake) cluster.completeWrite(member)
    if ((cluster.leader?.lastTerm ?? 0) > before) break
  }
  if (kind === 'read') readBehind(cluster, random)
  else begin(cluster, random, kind)
  stir(cluster, random, random.below(40))
  if (random.below(3) === 0) cluster.stall(anyOf(cluster, random))
}

/** Leaders that come one after the other each change the membership, and few hear of it (thesis §4.1). */
export function churn(cluster: SimulatedCluster, random: Random): void {
  const reigns = 2 + random.below(3)
  repeat(reigns, () => reign(cluster, random, cluster.hasSpares ? 'change' : 'propose'))
}

/** The leader with few others, or any. */
function someApart({ members, leader }: SimulatedCluster, random: Random): SimulatedMember[] {
  if (leader === undefined || random.below(2) === 0) {
    return members.filter(() => random.below(2) === 0)
  }
  return members.filter((member) => member === leader || random.below(4) === 0)
}

/** For a moment all can reach each other, and those who were stalled read what all have sent. */
function meet(cluster: SimulatedCluster, random: Random): void {
  cluster.partition([])
  for (const member of cluster.members) cluster.resume(member)
  stir(cluster, random, random.below(40))
}

/** The clocks and the network of all but `stalled` run on until somebody else leads. */
export function usurp(cluster: SimulatedCluster, stalled: SimulatedMember): void {
  cluster.partition([stalled.id])
  for (let tick = 0; tick < PATIENCE_TICKS; tick += 1) {
    for (const member of cluster.members) if (member !== stalled) cluster.tick(member)
    cluster.runRound()
    if (cluster.leader !== undefined && cluster.leader !== stalled) break
  }
}

/** Reads are asked everywhere when the new leader may have committed something, and are waited for. */
function readBehind(cluster: SimulatedCluster, random: Random): void {
  repeat(random.below(6), () => cluster.runRound())
  for (const member of cluster.members) cluster.read(member)
  repeat(random.below(6), () => {
    cluster.runRound()
    for (const member of cluster.members) {
      if (member.raft?.status.role === 'leader') cluster.tick(member)
    }
  })
}

const KINDS = ['propose', 'propose', 'change', 'transfer', 'compact', 'read'] as const
type Kind = (typeof KINDS)[number]

function drawKind(random: Random): Kind {
  return KINDS[random.below(KINDS.length)]!
}

/** Whoever believes to lead begins the same kind of thing. */
function begin(cluster: SimulatedCluster, random: Random, kind: Kind): void {
  if (kind === 'change') changeMembership(cluster, random)
  for (const member of cluster.members) {
    if (member.raft?.status.role !== 'leader') continue
    if (kind === 'propose') repeat(1 + random.below(4), () => cluster.propose(member))
    if (kind === 'transfer') cluster.transfer(member, anyOf(cluster, random).id)
    if (kind === 'compact') cluster.compact(member, member.appliedIndex)
  }
}

/** Some of what is under way happens, in any order, and hardly any time passes. */
export function stir(cluster: SimulatedCluster, random: Random, events: number): void {
  for (let event = 0; event < events; event += 1) {
    const member = anyOf(cluster, random)
    switch (random.below(8)) {
      case 0:
      case 1:
        cluster.processReady(member)
        break
      case 2:
      case 3:
        cluster.completeWrite(member)
        break
      case 4:
        if (random.below(4) === 0) cluster.tick(member)
        break
      default:
        cluster.deliver(random.below(1_000), random.below(8) === 0)
    }
  }
}

/** A change that makes sense for whom it is asked; leaders are asked, whoever they are. */
export function changeMembership(cluster: SimulatedCluster, random: Random): void {
  if (!cluster.hasSpares) return
  for (const member of cluster.members) {
    if (member.raft?.status.role !== 'leader') continue
    const { id } = anyOf(cluster, random)
    const { voters, learners } = member.raft.membership.membership
    const joins = random.below(2) === 0 ? 'addVoter' : 'addLearner'
    const type = learners.includes(id) && random.below(2) === 0 ? 'promote' : 'remove'
    const isMember = voters.includes(id) || learners.includes(id)
    cluster.changeMembership(member, { type: isMember ? type : joins, id })
  }
}

export function anyOf(cluster: SimulatedCluster, random: Random): SimulatedMember {
  return cluster.members[random.below(cluster.members.length)]!
}

export function repeat(times: number, run: () => void): void {
  for (let time = 0; time < times; time += 1) run()
}
