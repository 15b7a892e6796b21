/**
 * Election Safety (Raft, Figure 3, §5.2): at most one leader in a term, over all incarnations. Who
 * leads is a voter, or was one in the membership before (thesis §4.2.2).
 */

import { check, type ObservedMember } from './observed-member.test-support.js'

export class ElectionSafety {
  readonly #leaders = new Map<number, string>()

  /** Whether this is the first that is seen of this leadership. */
  onLeader(member: ObservedMember, term: number): boolean {
    const known = this.#leaders.get(term)
    check(known === undefined || known === member.id, `term ${term} has two leaders`)
    if (known !== undefined) return false
    check(
      member.voterSets.some((voters) => voters.includes(member.id)),
      `${member.id} was elected and is no voter`,
    )
    this.#leaders.set(term, member.id)
    return true
  }

  leaderOf(term: number): string | undefined {
    return this.#leaders.get(term)
  }
}
