/**
 * Elections as a candidate sees them: when to campaign, whom to ask, how to count.
 *
 * A campaign is a pre-election, which changes nothing anywhere, and only if that is won an election
 * in the next term (thesis §9.6), unless the leader itself asked for it. Learners and strangers to the membership never campaign.
 *
 * Deviation: etcd's candidate sends its vote requests while it still writes its own term. Here they
 * leave when term, vote *and all earlier entries* are durable. A candidate that crashed in between
 * could campaign in the same term again with a shorter log than the one its voters compared.
 * Source: Raft §5.2; etcd: campaign, hup.
 */

import { Ballot } from './ballot.js'
import { isHardStateDurable, type Core } from './core.js'
import { invariant } from './invariant.js'
import type { MemberId, PreVoteResponse, RequestVoteResponse, TimeoutNow } from './message.js'
import type { Roles } from './roles.js'

export class Election {
  readonly #core: Core
  readonly #roles: Roles
  #ballot = new Ballot()

  constructor(core: Core, roles: Roles) {
    this.#core = core
    this.#roles = roles
  }

  get mayCampaign(): boolean {
    const { log, state } = this.#core
    return log.membership.mayCampaign(state.id, log.commitIndex)
  }

  /** Counts one tick of a member that does not lead. */
  tick(): void {
    if (this.#roles.timer.tick()) this.campaign()
  }

  /**
   * Counts one tick of a member that leaves the election to others. It lets a silent leader go like
   * one that campaigns. A follower's timer has run out then and stays so: it protects nobody any more,
   * and campaigns as soon as it is fit again.
   */
  abstain(): void {
    if (!this.#roles.timer.tick() || !this.mayCampaign) return
    this.#roles.becomeFollower(this.#core.state.term, undefined)
  }

  /** Starts, or starts again, a pre-election; nothing happens on leaders and on who cannot lead. */
  campaign(): void {
    const { state, log, outbox } = this.#core
    if (state.role === 'leader' || !this.mayCampaign) return
    this.#roles.becomePreCandidate()
    this.#ballot = new Ballot()
    for (const to of this.#otherVoters()) {
      outbox.send({
        type: 'preVote',
        from: state.id,
        to,
        term: state.term + 1,
        lastLogIndex: log.last.index,
        lastLogTerm: log.last.term,
      })
    }
    this.#ballot.record(state.id, true)
    this.#concludePreElection()
  }

  /**
   * The leader hands over: nobody needs to be asked whether an election would disturb, so there is
   * no pre-election (thesis §3.10, §4.2.3).
   */
  onTimeoutNow({ from }: TimeoutNow): void {
    this.#roles.follow(from)
    if (this.mayCampaign) this.#startElection(true)
  }

  onPreVoteResponse({ from, term, granted }: PreVoteResponse): void {
    const { state } = this.#core
    if (state.role !== 'preCandidate') return
    // A grant repeats the term that was asked for; one for an earlier campaign is void.
    if (granted && term !== state.term + 1) return
    this.#ballot.record(from, granted)
    this.#concludePreElection()
  }

  onRequestVoteResponse({ from, granted }: RequestVoteResponse): void {
    if (this.#core.state.role !== 'candidate') return
    this.#ballot.record(from, granted)
    this.#concludeElection()
  }

  /** A candidate's own vote counts once it cannot be forgotten any more. */
  onDurable(): void {
    const { state } = this.#core
    if (state.role !== 'candidate' || !isHardStateDurable(this.#core)) return
    invariant(state.votedFor === state.id, 'a candidate voted for itself')
    this.#ballot.record(state.id, true)
    this.#concludeElection()
  }

  #startElection(isTransfer: boolean): void {
    this.#roles.becomeCandidate()
    this.#ballot = new Ballot()
    const { state, log, outbox } = this.#core
    for (const to of this.#otherVoters()) {
      outbox.sendWhenDurable({
        type: 'requestVote',
        from: state.id,
        to,
        term: state.term,
        lastLogIndex: log.last.index,
        lastLogTerm: log.last.term,
        isTransfer,
      })
    }
  }

  #concludePreElection(): void {
    const { state } = this.#core
    const outcome = this.#ballot.outcome(state.voters)
    if (outcome === 'won') this.#startElection(false)
    if (outcome === 'lost') this.#roles.becomeFollower(state.term, undefined)
  }

  #concludeElection(): void {
    const { state } = this.#core
    const outcome = this.#ballot.outcome(state.voters)
    if (outcome === 'won') this.#roles.becomeLeader()
    if (outcome === 'lost') this.#roles.becomeFollower(state.term, undefined)
  }

  #otherVoters(): readonly MemberId[] {
    return this.#core.state.voters.filter((id) => id !== this.#core.state.id)
  }
}
