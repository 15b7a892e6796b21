/**
 * Who this member is and what it believes: identity, membership, term, vote, role, leader.
 *
 * Invariants: the term never falls; one vote per term, which nothing but a new term erases; each
 * change of term or vote is handed out to be written before anything that depends on it (Raft
 * Figure 2, "persistent state"; one write for both, thesis §3.8).
 */

import { invariant } from './invariant.js'
import type { HardState } from './log-storage.js'
import type { MembershipLog } from './membership-log.js'
import type { MemberId } from './message.js'
import type { Role } from './ready.js'

export class MemberState {
  readonly id: MemberId
  readonly #membership: MembershipLog
  #term: number
  #votedFor: MemberId | undefined
  #hardStateChanged = false
  // Role and leader are beliefs: they are not stored, and a restarted member begins without them.
  #role: Role = 'follower'
  #leaderId: MemberId | undefined
  #beliefChanged = false

  constructor(id: MemberId, membership: MembershipLog, hardState: HardState) {
    this.id = id
    this.#membership = membership
    this.#term = hardState.term
    this.#votedFor = hardState.votedFor
  }

  get term(): number {
    return this.#term
  }

  get votedFor(): MemberId | undefined {
    return this.#votedFor
  }

  get role(): Role {
    return this.#role
  }

  get leaderId(): MemberId | undefined {
    return this.#leaderId
  }

  /** Of the membership in force. */
  get voters(): readonly MemberId[] {
    return this.#membership.current.membership.voters
  }

  /** Of the membership in force. */
  get learners(): readonly MemberId[] {
    return this.#membership.current.membership.learners
  }

  get isVoter(): boolean {
    return this.voters.includes(this.id)
  }

  /** Term or vote differ from what was last handed out to be written. */
  get hardStateChanged(): boolean {
    return this.#hardStateChanged
  }

  /** Role, term or leader differ from what was last reported. */
  get beliefChanged(): boolean {
    return this.#beliefChanged
  }

  /** Enters a later term, in which no vote has been given. */
  enterTerm(term: number): void {
    invariant(term > this.#term, `the term rises from ${this.#term}, not to ${term}`)
    invariant(Number.isSafeInteger(term), 'a term is a safe integer')
    this.#term = term
    this.#votedFor = undefined
    this.#hardStateChanged = true
    this.#beliefChanged = true
  }

  /** Gives this term's vote; giving it to the same candidate again changes nothing. */
  voteFor(candidate: MemberId): void {
    if (this.#votedFor === candidate) return
    invariant(this.#votedFor === undefined, `one vote per term: ${this.#term} went to another`)
    this.#votedFor = candidate
    this.#hardStateChanged = true
  }

  believe(role: Role, leaderId: MemberId | undefined): void {
    invariant((role === 'leader') === (leaderId === this.id), 'a leader follows itself, alone')
    if (role === this.#role && leaderId === this.#leaderId) return
    this.#role = role
    this.#leaderId = leaderId
    this.#beliefChanged = true
  }

  /** The hard state to be written, if it changed since the last call. */
  takeHardState(): HardState | undefined {
    if (!this.#hardStateChanged) return undefined
    this.#hardStateChanged = false
    return { term: this.#term, votedFor: this.#votedFor }
  }

  markReported(): void {
    this.#beliefChanged = false
  }
}
