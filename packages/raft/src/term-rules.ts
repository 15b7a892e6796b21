/**
 * What a message's term means before anybody looks at its content (Raft §5.1): a later term makes
 * this member a follower in it, an earlier one is refused or ignored.
 *
 * Two exceptions: candidates are ignored while a leader is heard, and pre-votes carry a term that
 * nobody adopts.
 */

import type { Core } from './core.js'
import type { Following } from './following.js'
import type { Message } from './message.js'
import type { Proposals } from './proposal.js'
import type { ReadIndex } from './read-index.js'
import type { Roles } from './roles.js'
import type { Voting } from './voting.js'

interface Parts {
  readonly roles: Roles
  readonly voting: Voting
  readonly following: Following
  readonly proposals: Proposals
  readonly readIndex: ReadIndex
}

export class TermRules {
  readonly #core: Core
  readonly #parts: Parts

  constructor(core: Core, parts: Parts) {
    this.#core = core
    this.#parts = parts
  }

  /** Whether the message's handler may see it. */
  admit(message: Message): boolean {
    const { state } = this.#core
    if (message.term === state.term) return true
    return message.term > state.term ? this.#admitLater(message) : this.#admitEarlier(message)
  }

  #admitLater(message: Message): boolean {
    const { roles, voting } = this.#parts
    switch (message.type) {
      case 'preVote':
        return !voting.ignores(message)
      case 'requestVote':
        if (voting.ignores(message)) return false
        roles.becomeFollower(message.term, undefined)
        return true
      case 'preVoteResponse':
        // A grant carries the term of the campaign, a refusal the voter's own.
        if (!message.granted) roles.becomeFollower(message.term, undefined)
        return true
      case 'appendEntries':
      case 'heartbeat':
      case 'installSnapshot':
      case 'timeoutNow':
        roles.becomeFollower(message.term, message.from)
        return true
      case 'requestVoteResponse':
      case 'appendEntriesAccepted':
      case 'appendEntriesRejected':
      case 'heartbeatResponse':
      case 'readIndexRequest':
      case 'readIndexResponse':
      case 'forwardProposal':
      case 'forwardProposalRejected':
        roles.becomeFollower(message.term, undefined)
        return true
    }
  }

  /**
   * The sender lives in the past. It is told the present term, or it could stay there: a leader of
   * an earlier term would keep a member that campaigned alone in a later one from ever rejoining,
   * since CheckQuorum lets nobody hear that member's vote requests (etcd: Step, "m.Term < r.Term").
   */
  #admitEarlier(message: Message): boolean {
    const { following, proposals, readIndex } = this.#parts
    switch (message.type) {
      case 'forwardProposal':
        // Its sender counts on it being appended in that term or not at all: then an entry of a
        // later term that is applied proves that the proposal is lost and may be made again.
        proposals.refuse(message)
        return false
      case 'forwardProposalRejected':
        return true
      case 'preVote':
      case 'requestVote':
        this.#refuseVote(message.type, message.from)
        return false
      case 'appendEntries':
        following.reject(message)
        return false
      case 'heartbeat':
      case 'installSnapshot':
        // Position 0 confirms no read.
        following.echo(message.from, 0)
        return false
      case 'readIndexRequest':
        readIndex.refuse(message.from, message.ref)
        return false
      case 'preVoteResponse':
      case 'requestVoteResponse':
      case 'appendEntriesAccepted':
      case 'appendEntriesRejected':
      case 'heartbeatResponse':
      case 'readIndexResponse':
      case 'timeoutNow':
        return false
    }
  }

  #refuseVote(request: 'preVote' | 'requestVote', to: string): void {
    const { state, outbox } = this.#core
    const { id: from, term } = state
    outbox.send({ type: `${request}Response`, from, to, term, granted: false })
  }
}
