/**
 * Everything that exists only while this member leads, made at the election and thrown away at
 * step-down, so that nothing of one leadership can leak into another.
 *
 * The first thing a leader does is append a no-op: entries of older terms commit with it, and its
 * commit proves that the leader's commit index is current (Raft §5.4.2, §8).
 */

import type { Core } from './core.js'
import { entryBytes, type Entry, type EntryKind } from './entry.js'
import { Heartbeats } from './heartbeats.js'
import { invariant } from './invariant.js'
import { encodeMembership } from './membership.js'
import { changed, type ChangeRefusal, type MembershipChange } from './membership-change.js'
import type {
  AppendEntriesAccepted,
  AppendEntriesRejected,
  HeartbeatResponse,
  MemberId,
} from './message.js'
import type { LogPosition } from './raft-log.js'
import { ReadRounds } from './read-rounds.js'
import { Replication } from './replication.js'
import { Transfer, type TransferResult } from './transfer.js'
import { Uncommitted } from './uncommitted.js'

const NO_DATA = new Uint8Array(0)

export class Leadership {
  readonly #core: Core
  readonly #replication: Replication
  readonly #heartbeats: Heartbeats
  readonly #reads: ReadRounds
  readonly #uncommitted: Uncommitted
  readonly #transfer: Transfer

  constructor(core: Core) {
    this.#core = core
    // Followers are first asked about what precedes the no-op, which is the log as it was elected.
    this.#replication = new Replication(core, core.log.lastIndex + 1)
    this.#heartbeats = new Heartbeats(core, this.#replication)
    this.#reads = new ReadRounds(core, this.#replication)
    this.#uncommitted = new Uncommitted(core.config.maxUncommittedBytes)
    this.#transfer = new Transfer(core, this.#replication)
    core.log.append([this.#newEntry(1, 'noop', NO_DATA)])
  }

  /** CheckQuorum: whether this member may go on believing that it leads. */
  get hasActiveQuorum(): boolean {
    return this.#heartbeats.hasActiveQuorum
  }

  isActive(id: MemberId): boolean {
    return this.#heartbeats.isActive(id)
  }

  tick(elapsedTicks: number): void {
    this.#heartbeats.tick(elapsedTicks)
    this.#transfer.tick(elapsedTicks)
  }

  /** Appends the commands at the end of the log, or says why not. */
  append(commands: readonly Uint8Array[]): 'appended' | 'transferring' | 'tooManyUncommitted' {
    if (this.#transfer.target !== undefined) return 'transferring'
    invariant(commands.length > 0, 'a proposal has at least one command')
    const entries = commands.map((data, offset) => this.#newEntry(offset + 1, 'command', data))
    let bytes = 0
    for (const entry of entries) bytes += entryBytes(entry)
    if (!this.#uncommitted.admits(bytes)) return 'tooManyUncommitted'
    this.#core.log.append(entries)
    this.#uncommitted.add(this.#core.log.lastIndex, bytes)
    return 'appended'
  }

  /**
   * Appends a membership that differs by one member. Not before an entry of the leader's own term is
   * committed, and not while the change before is not: two leaders could otherwise each change the
   * same membership, and end up with majorities that share nobody (the bug in thesis §4.1 and its
   * correction: raft-dev, 10 July 2015).
   */
  changeMembership(change: MembershipChange, context: Uint8Array): LogPosition | ChangeRefusal {
    const { log, state } = this.#core
    const { index, membership } = log.membership.current
    if (this.#transfer.target !== undefined) return 'transferring'
    if (!this.#replication.hasCommittedOwnEntry) return 'notReady'
    if (log.commitIndex < index) return 'changePending'
    const next = changed(membership, change, context)
    if (typeof next === 'string') return next
    if (change.type === 'promote' && !this.#isInSync(change.id)) return 'notInSync'
    log.append([this.#newEntry(1, 'membership', encodeMembership(next))])
    this.#replication.adoptMembership(this.#heartbeats.nowTick)
    // A quorum may be smaller now, and be there already.
    this.#advanceCommit()
    this.#reads.confirm()
    return { index: log.lastIndex, term: state.term }
  }

  transferTo(target: MemberId): TransferResult {
    return this.#transfer.start(target)
  }

  onSnapshotSent(id: MemberId, index: number | undefined): void {
    this.#replication.onSnapshotSent(id, index)
  }

  /**
   * Whether this member is removed for good. Until then it leads a cluster that it does not belong
   * to any more, without counting itself (thesis §4.2.2).
   */
  get isRetired(): boolean {
    const { log, state } = this.#core
    return !state.isVoter && log.commitIndex >= log.membership.current.index
  }

  /** The last words of a leader that is removed: what is committed, and who should lead next. */
  bequeath(): void {
    this.#transfer.conclude(this.#replication.mostCompleteVoter)
    this.emit()
  }

  /** A read of this member's own (`origin` undefined) or one that a follower passed on. */
  read(origin: MemberId | undefined, ref: number): void {
    this.#reads.add({ origin, ref })
  }

  onAccepted(message: AppendEntriesAccepted): void {
    this.#heartbeats.onHeard(message.from)
    this.#replication.onAccepted(message)
    this.#transfer.onHeard(message.from)
    this.#uncommitted.onCommitted(this.#core.log.commitIndex)
  }

  onRejected(message: AppendEntriesRejected): void {
    this.#heartbeats.onHeard(message.from)
    this.#replication.onRejected(message)
  }

  onHeartbeatResponse(message: HeartbeatResponse): void {
    this.#heartbeats.onHeard(message.from)
    this.#replication.onHeartbeatResponse(message)
    this.#transfer.onHeard(message.from)
    this.#reads.onEcho(message.from, message.readPosition)
  }

  onUnreachable(id: MemberId): void {
    this.#replication.onUnreachable(id)
  }

  /** The leader's own disk holds more of the log: its own vote for commit. */
  onDurable(): void {
    this.#advanceCommit()
  }

  get hasOutput(): boolean {
    return (
      this.#heartbeats.isDue ||
      this.#reads.canOpenRound ||
      this.#replication.hasAppendsToSend ||
      this.#transfer.isDue
    )
  }

  /** Builds all messages that are due: one heartbeat for all waiting reads, then the appends. */
  emit(): void {
    const opensRound = this.#reads.canOpenRound
    if (opensRound) this.#reads.openRound()
    if (opensRound || this.#heartbeats.isDue) this.#heartbeats.send(this.#reads.position)
    this.#replication.sendAppends()
    this.#transfer.emit()
  }

  /** This member stops leading: nobody waits for what it would have been told or sent. */
  close(): void {
    this.#reads.close()
    this.#core.outbox.snapshotsToSend.take()
  }

  /** Whether a learner, as a voter, would not hold up commits: it answers, and lacks little. */
  #isInSync(id: MemberId): boolean {
    return this.#heartbeats.isActive(id) && this.#replication.isInSync(id)
  }

  #advanceCommit(): void {
    this.#replication.advanceCommit()
    this.#uncommitted.onCommitted(this.#core.log.commitIndex)
  }

  #newEntry(offset: number, kind: EntryKind, data: Uint8Array): Entry {
    const { log, state } = this.#core
    return { index: log.lastIndex + offset, term: state.term, kind, data }
  }
}
