/**
 * The core of one member: input by its methods, output by `ready()`. Dispatch only; each part's
 * rules are in its own file, and `DESIGN.md` says which.
 *
 * The same inputs in the same order give the same outputs: no clock, no chance, no I/O but
 * synchronous reads of the log's storage.
 */

import { resolveConfig, type RaftOptions } from './config.js'
import type { Core } from './core.js'
import { Election } from './election.js'
import { ElectionTimer } from './election-timer.js'
import { Following } from './following.js'
import { ForwardedReads } from './forwarded-reads.js'
import { invariant } from './invariant.js'
import type { LogStorage } from './log-storage.js'
import { MemberState } from './member-state.js'
import type { MembershipAt } from './membership.js'
import type { ChangeRefusal, MembershipChange } from './membership-change.js'
import { MembershipLog } from './membership-log.js'
import type { InstallSnapshot, MemberId, Message } from './message.js'
import { Outbox } from './outbox.js'
import { Output } from './output.js'
import { Proposals, type ProposeResult } from './proposal.js'
import { RaftLog, type LogPosition } from './raft-log.js'
import { Random } from './random.js'
import { ReadIndex } from './read-index.js'
import type { Ready, Status } from './ready.js'
import { Roles } from './roles.js'
import { TermRules } from './term-rules.js'
import type { TransferResult } from './transfer.js'
import { Voting } from './voting.js'

export class Raft {
  readonly #core: Core
  readonly #roles: Roles
  readonly #election: Election
  readonly #voting: Voting
  readonly #following: Following
  readonly #proposals: Proposals
  readonly #readIndex: ReadIndex
  readonly #termRules: TermRules
  readonly #output: Output

  /**
   * Starts as a follower of nobody, from what `storage` holds durably (Raft §5.2).
   * @throws {InvariantViolation} when the options or the stored state contradict themselves.
   */
  constructor(options: RaftOptions, storage: LogStorage) {
    const config = resolveConfig(options)
    const { hardState, memberships } = storage.initialState()
    const membership = new MembershipLog(memberships)
    const state = new MemberState(config.id, membership, hardState)
    const log = new RaftLog(storage, membership, config)
    const core: Core = { config, state, log, outbox: new Outbox() }
    invariant(core.log.last.term <= state.term, 'the stored term covers the stored log')
    const random = new Random(config.seed)
    const timer = new ElectionTimer(config.electionTicks, random)
    const roles = new Roles(core, timer, new ForwardedReads(core, random))
    const voting = new Voting(core, roles)
    const following = new Following(core, roles)
    const readIndex = new ReadIndex(core, roles)
    this.#core = core
    this.#roles = roles
    this.#voting = voting
    this.#following = following
    this.#readIndex = readIndex
    this.#election = new Election(core, roles)
    const proposals = new Proposals(core, roles)
    this.#proposals = proposals
    this.#termRules = new TermRules(core, { roles, voting, following, proposals, readIndex })
    this.#output = new Output(core, roles)
  }

  /**
   * Time passes. After a stall the driver gives the ticks it missed as `elapsedTicks` of one call:
   * a follower counts them as one, since its inbox may hold word from the leader, while a leader
   * counts them all and doubts itself first.
   *
   * A member that the driver holds unfit to lead does not campaign, and is like the others in all
   * else: it lets a silent leader go, and votes.
   */
  tick(elapsedTicks = 1, isFitToLead = true): void {
    invariant(elapsedTicks >= 1, 'time passes forwards')
    const { leadership, forwardedReads } = this.#roles
    forwardedReads.tick(elapsedTicks)
    if (leadership === undefined) {
      if (isFitToLead) this.#election.tick()
      else this.#election.abstain()
      return
    }
    leadership.tick(elapsedTicks)
    if (!leadership.hasActiveQuorum) this.#roles.becomeFollower(this.#core.state.term, undefined)
  }

  /** A message from another member. One that is not addressed to this member is ignored. */
  step(message: Message): void {
    const { state } = this.#core
    if (message.to !== state.id || message.from === state.id) return
    if (this.#termRules.admit(message)) this.#dispatch(message)
    this.#retireIfRemoved()
    invariant(
      state.role === 'follower' || state.role === 'leader' || this.#election.mayCampaign,
      'who cannot be elected does not campaign',
    )
  }

  /** Commands to be replicated. `ref` is named in `Ready.droppedProposals` if a leader refuses. */
  propose(commands: readonly Uint8Array[], ref: number): ProposeResult {
    return this.#proposals.propose(commands, ref)
  }

  /** Asks for a read index; `ref` comes back in `Ready.readStates` or in `Ready.droppedReads`. */
  readIndex(ref: number): void {
    this.#readIndex.read(ref)
  }

  /**
   * The write that `Ready.append` named by `term` and `index` is durable. Called once for every
   * append, in their order, after its messages were sent.
   * @throws {InvariantViolation} when it is not the oldest write under way.
   */
  onAppended(term: number, index: number): void {
    this.#core.log.completeWrite(term, index, this.#core.state.term)
    this.#election.onDurable()
    this.#roles.leadership?.onDurable()
  }

  /**
   * Changes the membership by one member, on a leader. The place of the entry that does it, which
   * may yet be lost like any other, or why nothing was begun. `context` takes the old one's place.
   */
  changeMembership(change: MembershipChange, context: Uint8Array): LogPosition | ChangeRefusal {
    return this.#roles.leadership?.changeMembership(change, context) ?? 'notLeader'
  }

  /**
   * Begins to hand the leadership to a voter; that it has happened shows in the status. Until then,
   * for an election timeout at most, no proposal is taken. Naming the leader itself calls it off.
   */
  transferLeadership(to: MemberId): TransferResult {
    return this.#roles.leadership?.transferTo(to) ?? 'notLeader'
  }

  /**
   * What to say to `to` when it has received the state as it was at `index`. Nothing, if this member
   * does not lead: its word would pass for that of the term's leader. Asked for when the sending
   * begins, since the log may be compacted past `index` while it lasts.
   * firstIndex - 1 ≤ index ≤ commitIndex.
   */
  installSnapshotMessage(to: MemberId, index: number): InstallSnapshot | undefined {
    const { state, log } = this.#core
    if (state.role !== 'leader') return undefined
    invariant(index >= log.firstIndex - 1, `the log was compacted past index ${index}`)
    invariant(index <= log.commitIndex, `index ${index} of a snapshot is not committed`)
    const membership = log.membership.at(index)
    const snapshot = { index, term: log.term(index), membership }
    return { type: 'installSnapshot', from: state.id, to, term: state.term, snapshot }
  }

  /**
   * The sending of a snapshot that `Ready.snapshotsToSend` asked for has ended: `index` is that of
   * the snapshot, undefined if the follower did not get it.
   */
  reportSnapshot(id: MemberId, index: number | undefined): void {
    this.#roles.leadership?.onSnapshotSent(id, index)
  }

  /** The state machine has applied the committed entries up to `index`. */
  onApplied(index: number): void {
    this.#core.log.onApplied(index)
  }

  /** Campaigns now, as if the election timeout had passed. Does nothing on a leader or a learner. */
  campaign(): void {
    this.#election.campaign()
  }

  /** Messages to `id` were lost. A leader stops streaming to it until it answers a probe. */
  reportUnreachable(id: MemberId): void {
    this.#roles.leadership?.onUnreachable(id)
  }

  /**
   * The leader's process is known to be gone: a follower stops protecting it, so that its vote is
   * free at once. It follows again if the leader is heard after all (etcd: ForgetLeader).
   */
  forgetLeader(): void {
    const { role, term, leaderId } = this.#core.state
    if (role === 'follower' && leaderId !== undefined) this.#roles.becomeFollower(term, undefined)
  }

  /** The membership in force, whether its entry is committed or not. */
  get membership(): MembershipAt {
    return this.#core.log.membership.current
  }

  /** The newest membership that is known to be committed. */
  get committedMembership(): MembershipAt {
    const { log } = this.#core
    return log.membership.newestAt(log.commitIndex)
  }

  /** Whether the entry at this place is known to be committed; one that was replaced never is. */
  isCommitted(position: LogPosition): boolean {
    const { log } = this.#core
    return position.index <= log.commitIndex && log.matches(position)
  }

  /** Whether a leader has heard this member within an election timeout. Always false elsewhere. */
  isActive(id: MemberId): boolean {
    return this.#roles.leadership?.isActive(id) ?? false
  }

  get status(): Status {
    return this.#output.status
  }

  /** Whether `ready()` would return anything to do. */
  hasReady(): boolean {
    return this.#output.isDue
  }

  /** Everything to be done since the last call. The caller must carry out the whole of it. */
  ready(): Ready {
    return this.#output.take()
  }

  /** Only what others say can commit the removal of this member: its own disk does not count. */
  #retireIfRemoved(): void {
    const { leadership } = this.#roles
    if (leadership?.isRetired !== true) return
    leadership.bequeath()
    this.#roles.becomeFollower(this.#core.state.term, undefined)
  }

  #dispatch(message: Message): void {
    switch (message.type) {
      case 'preVote':
        this.#voting.onPreVote(message)
        break
      case 'preVoteResponse':
        this.#election.onPreVoteResponse(message)
        break
      case 'requestVote':
        this.#voting.onRequestVote(message)
        break
      case 'requestVoteResponse':
        this.#election.onRequestVoteResponse(message)
        break
      case 'appendEntries':
        this.#following.onAppendEntries(message)
        break
      case 'appendEntriesAccepted':
        this.#roles.leadership?.onAccepted(message)
        break
      case 'appendEntriesRejected':
        this.#roles.leadership?.onRejected(message)
        break
      case 'heartbeat':
        this.#following.onHeartbeat(message)
        break
      case 'heartbeatResponse':
        this.#roles.leadership?.onHeartbeatResponse(message)
        break
      case 'readIndexRequest':
        this.#readIndex.onRequest(message)
        break
      case 'readIndexResponse':
        this.#readIndex.onResponse(message)
        break
      case 'forwardProposal':
        this.#proposals.onForwarded(message)
        break
      case 'forwardProposalRejected':
        this.#proposals.onRejected(message)
        break
      case 'installSnapshot':
        this.#following.onInstallSnapshot(message)
        break
      case 'timeoutNow':
        this.#election.onTimeoutNow(message)
        break
    }
  }
}
