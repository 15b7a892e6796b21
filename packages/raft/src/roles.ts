/**
 * The only place where this member changes role, term or leader (Raft, Figure 4; thesis §9.6 for
 * the pre-candidate). Whatever belongs to one role or to one leader ends here with it.
 *
 * Which rule stops two leaders in one term: `becomeLeader` follows only a won ballot of `election.ts`,
 * and `MemberState.voteFor` gives one vote per term.
 */

import type { Core } from './core.js'
import type { ElectionTimer } from './election-timer.js'
import type { ForwardedReads } from './forwarded-reads.js'
import { invariant } from './invariant.js'
import { Leadership } from './leadership.js'
import type { MemberId } from './message.js'
import type { Role } from './ready.js'

export class Roles {
  readonly timer: ElectionTimer
  readonly forwardedReads: ForwardedReads
  readonly #core: Core
  #leadership: Leadership | undefined

  constructor(core: Core, timer: ElectionTimer, forwardedReads: ForwardedReads) {
    this.#core = core
    this.timer = timer
    this.forwardedReads = forwardedReads
  }

  /** Present exactly while this member leads. */
  get leadership(): Leadership | undefined {
    return this.#leadership
  }

  /**
   * Follows in `term`, which is the current one or a later one. The timer runs on if a follower
   * merely learns of a term: only a leader's word or a vote earns a candidate more time.
   */
  becomeFollower(term: number, leaderId: MemberId | undefined): void {
    const { state, outbox } = this.#core
    const wasFollower = state.role === 'follower'
    if (term > state.term) {
      this.#leave()
      outbox.forgetUnwritten()
      state.enterTerm(term)
    }
    this.#enter('follower', leaderId)
    if (leaderId !== undefined || !wasFollower) this.timer.restart()
  }

  /** Word from the leader of the current term. */
  follow(leaderId: MemberId): void {
    const { state } = this.#core
    invariant(state.role !== 'leader', `${leaderId} and this member both lead term ${state.term}`)
    if (state.role === 'follower' && state.leaderId === leaderId) {
      this.timer.refresh()
      return
    }
    invariant(
      state.role !== 'follower' || state.leaderId === undefined,
      `term ${state.term} has two leaders`,
    )
    this.becomeFollower(state.term, leaderId)
  }

  /** Asks around before it disturbs anybody: neither term nor vote changes (thesis §9.6). */
  becomePreCandidate(): void {
    invariant(this.#core.state.role !== 'leader', 'a leader does not campaign')
    this.#enter('preCandidate', undefined)
    this.timer.restart()
  }

  /** Follows a pre-election, or a leader's request to take over (thesis §3.10). */
  becomeCandidate(): void {
    const { state, outbox } = this.#core
    invariant(state.role !== 'leader', 'a leader does not campaign')
    outbox.forgetUnwritten()
    state.enterTerm(state.term + 1)
    state.voteFor(state.id)
    this.#enter('candidate', undefined)
    this.timer.restart()
  }

  becomeLeader(): void {
    const { state } = this.#core
    invariant(state.role === 'candidate', 'only a candidate is elected')
    invariant(state.votedFor === state.id, 'a leader voted for itself')
    this.#enter('leader', state.id)
    this.#leadership = new Leadership(this.#core)
  }

  #enter(role: Role, leaderId: MemberId | undefined): void {
    const { state } = this.#core
    if (role !== state.role || leaderId !== state.leaderId) this.#leave()
    state.believe(role, leaderId)
  }

  /** Ends what depended on the role, the leader or the term until now. */
  #leave(): void {
    this.#leadership?.close()
    this.#leadership = undefined
    this.forwardedReads.dropAll()
  }
}
