/**
 * Liveness with no more than Raft asks for (TigerBeetle's VOPR): the members of some quorum work
 * again, all others are gone, and those must come to agree and to answer whatever waits.
 */

import { isQuorum } from './quorum.js'
import type { Random } from './random.js'
import type { SimulatedCluster } from './simulation.test-support.js'
import type { SimulatedMember } from './simulated-member.test-support.js'

/** How many ticks it took. @throws if they do not come to agree */
export function healQuorum(cluster: SimulatedCluster, random: Random): number {
  cluster.repair()
  cluster.loseMessages()
  const core = someQuorum(cluster, random)
  for (const member of cluster.members) {
    if (core.includes(member)) cluster.start(member, member.appliedIndex)
    else cluster.crash(member)
  }
  return cluster.runUntil(() => cluster.isSettled(), 'no agreement of a quorum')
}

/** As few as possible that are a quorum of every membership that may yet be in force, and can elect. */
function someQuorum(cluster: SimulatedCluster, random: Random): readonly SimulatedMember[] {
  const memberships = possibleVoterSets(cluster)
  let core: readonly SimulatedMember[] = cluster.members
  for (const member of shuffled(cluster.members, random)) {
    const fewer = core.filter((one) => one !== member)
    const names = fewer.map(({ id }) => id)
    const isEnough = memberships.every((voters) => isQuorum(voters, (id) => names.includes(id)))
    if (isEnough && canElect(fewer)) core = fewer
  }
  return core
}

/**
 * Whether some voter's log is up to date enough for a quorum. It need not be: a learner may have heard
 * from a leader that is gone of entries that no voter left has, and of no promotion that one of them
 * has; it gives that one no vote, and does not campaign. The leader that is gone must then come back
 * (see README.md of test/sim).
 */
function canElect(core: readonly SimulatedMember[]): boolean {
  return core.some((candidate) => {
    const { voters } = candidate.log.membership.membership
    const wouldVote = (id: string): boolean => {
      const voter = core.find((member) => member.id === id)
      return voter !== undefined && !isBehind(candidate, voter)
    }
    return voters.includes(candidate.id) && isQuorum(voters, wouldVote)
  })
}

/** Whether the log of `a` is less up to date than that of `b` (Raft §5.4.1). */
function isBehind({ log: a }: SimulatedMember, { log: b }: SimulatedMember): boolean {
  const [termOfA, termOfB] = [a.term(a.lastIndex()), b.term(b.lastIndex())]
  return termOfA < termOfB || (termOfA === termOfB && a.lastIndex() < b.lastIndex())
}

/** Of the newest membership that is committed, and of all that come after it in any log. */
function possibleVoterSets({ members, checker }: SimulatedCluster): (readonly string[])[] {
  const committed = checker.committedMembership
  const sets = [committed.membership.voters]
  for (const { log, raft } of members) {
    const known = [...log.initialState().memberships]
    if (raft !== undefined) known.push(raft.membership)
    for (const { index, membership } of known) {
      if (index > committed.index) sets.push(membership.voters)
    }
  }
  return sets
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const mixed = [...items]
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1)
    const item = mixed[at]!
    mixed[at] = mixed[other]!
    mixed[other] = item
  }
  return mixed
}
