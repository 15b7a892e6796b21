/**
 * Elections as a voter sees them: who is ignored, who is refused, who gets the vote.
 *
 * Invariants: a vote goes only to a log at least as up to date as this one (Raft §5.4.1), once per
 * term, and leaves only when it is durable; a pre-vote changes neither term, vote nor timer (thesis
 * §9.6). A learner that is asked does vote: the candidate may know of a promotion that the learner
 * has yet to hear of (etcd: campaign_learner_must_vote.txt).
 */

import type { Core } from './core.js'
import { invariant } from './invariant.js'
import type { PreVote, RequestVote } from './message.js'
import type { Roles } from './roles.js'

export class Voting {
  readonly #core: Core
  readonly #roles: Roles

  constructor(core: Core, roles: Roles) {
    this.#core = core
    this.#roles = roles
  }

  /**
   * Whether a candidate of a later term is to be ignored, without an answer and without adopting its
   * term: this member leads, or heard its leader within the minimum election timeout (thesis §4.2.3).
   *
   * A leader that asks for votes in a later term has stepped down, so it does not protect itself;
   * nor does one that asked for the election, to hand over (thesis §4.2.3).
   */
  ignores(message: PreVote | RequestVote): boolean {
    const { state } = this.#core
    invariant(message.term > state.term, 'who asks in the present term is heard')
    if (message.type === 'requestVote' && message.isTransfer) return false
    if (state.role === 'leader') return true
    const isFollowing = state.leaderId !== undefined && state.leaderId !== message.from
    return isFollowing && this.#roles.timer.isWithinMinimum
  }

  onPreVote(message: PreVote): void {
    const { state, outbox } = this.#core
    const isForLaterTerm = message.term > state.term
    const granted = (isForLaterTerm || this.#couldVoteFor(message)) && this.#isUpToDate(message)
    // A grant repeats the asked-for term: with its own, older one it would be taken for stale.
    outbox.send({
      type: 'preVoteResponse',
      from: state.id,
      to: message.from,
      term: granted ? message.term : state.term,
      granted,
    })
  }

  /** A later term was adopted on arrival, an earlier one refused: the terms are equal here. */
  onRequestVote(message: RequestVote): void {
    const { state, outbox } = this.#core
    invariant(message.term === state.term, 'votes are given in the current term')
    const granted = this.#couldVoteFor(message) && this.#isUpToDate(message)
    const { id: from, term } = state
    const response = { type: 'requestVoteResponse', from, to: message.from, term, granted } as const
    if (!granted) {
      outbox.send(response)
      return
    }
    state.voteFor(message.from)
    this.#roles.timer.refresh()
    outbox.sendWhenDurable(response)
  }

  /** In the present term. */
  #couldVoteFor({ from }: PreVote | RequestVote): boolean {
    const { state } = this.#core
    if (state.votedFor !== undefined) return state.votedFor === from
    return state.leaderId === undefined
  }

  #isUpToDate({ lastLogIndex, lastLogTerm }: PreVote | RequestVote): boolean {
    return this.#core.log.isUpToDate({ index: lastLogIndex, term: lastLogTerm })
  }
}
