/**
 * The log as the algorithm sees it: the storage's durable entries followed by the tail in memory.
 *
 * Invariants:
 *   applied ≤ handed out ≤ min(commit, durable): only what this member cannot lose is applied.
 *   durable ≤ writing ≤ last; commit ≤ last. A leader's commit may run ahead of its own disk.
 *   Entries at or below the commit index are never replaced.
 * Source: Raft §5.3, §5.4; thesis §10.2.1; etcd: log.go.
 */

import { Applying } from './applying.js'
import type { RaftConfig } from './config.js'
import { totalBytes, type Entry } from './entry.js'
import { differs, fingerprint } from './fingerprint.js'
import { invariant } from './invariant.js'
import type { LogStorage } from './log-storage.js'
import { LogTail } from './log-tail.js'
import type { MembershipLog } from './membership-log.js'
import { PendingWrites } from './pending-writes.js'
import type { Snapshot } from './snapshot.js'

/** A place in the log. Terms never fall along it, so the pair names one history (Log Matching). */
export interface LogPosition {
  readonly index: number
  readonly term: number
}

export class RaftLog {
  readonly membership: MembershipLog
  readonly #storage: LogStorage
  readonly #tail: LogTail
  readonly #applying: Applying
  readonly #writes = new PendingWrites()
  readonly #maxRetainedBytes: number
  /** A snapshot was taken over up to here, of which the storage may not have been told yet. */
  #restoredIndex = 0
  #commitIndex: number
  // durable ≤ writing ≤ last: what a crash leaves, what the storage was given, what there is.
  #durableIndex: number
  #writingIndex: number
  #unwrittenSnapshot: Snapshot | undefined

  constructor(storage: LogStorage, membership: MembershipLog, config: RaftConfig) {
    const lastIndex = storage.lastIndex()
    const { appliedIndex, maxApplyingBytes } = config
    invariant(appliedIndex <= lastIndex, 'the log reaches what the state machine has applied')
    invariant(appliedIndex >= storage.firstIndex() - 1, 'the log starts at what is not yet applied')
    this.membership = membership
    this.#storage = storage
    this.#tail = new LogTail(lastIndex, storage.term(lastIndex))
    this.#applying = new Applying(appliedIndex, maxApplyingBytes)
    this.#maxRetainedBytes = maxApplyingBytes
    this.#commitIndex = appliedIndex
    this.#durableIndex = lastIndex
    this.#writingIndex = lastIndex
  }

  get firstIndex(): number {
    return Math.max(this.#storage.firstIndex(), this.#restoredIndex + 1)
  }

  get last(): LogPosition {
    const index = this.#tail.lastIndex
    return { index, term: this.#tail.term(index) }
  }

  get lastIndex(): number {
    return this.#tail.lastIndex
  }

  get commitIndex(): number {
    return this.#commitIndex
  }

  /** Up to here the log, as it is now, survives a crash. */
  get durableIndex(): number {
    return this.#durableIndex
  }

  /** For firstIndex - 1 ≤ index ≤ lastIndex. */
  term(index: number): number {
    return index >= this.#tail.firstIndex - 1 ? this.#tail.term(index) : this.#storage.term(index)
  }

  /** Entries in [from, to), at least one if from < to, and no more than fit in `maxBytes`. */
  entries(from: number, to: number, maxBytes: number): readonly Entry[] {
    const tailFrom = this.#tail.firstIndex
    if (from >= tailFrom) return this.#tail.slice(from, to, maxBytes)
    const stored = this.#storage.entries(from, Math.min(to, tailFrom), maxBytes)
    invariant(stored[0]?.index === from, `the storage returns the entries from ${from} on`)
    const reached = from + stored.length
    if (reached < tailFrom || reached >= to) return stored
    const roomBytes = maxBytes - totalBytes(stored)
    const rest = this.#tail.slice(reached, to, roomBytes)
    return totalBytes(rest) <= roomBytes ? [...stored, ...rest] : stored
  }

  /**
   * Whether this log holds the entry that `position` names. What is compacted was committed, and
   * every later leader holds what was committed (Leader Completeness), so it matches unseen.
   */
  matches(position: LogPosition): boolean {
    if (position.index > this.lastIndex) return false
    if (position.index < this.firstIndex - 1) return true
    return this.term(position.index) === position.term
  }

  /** Of the entry at `index`, if it can be read. */
  fingerprint(index: number): number | undefined {
    if (index < this.firstIndex || index > this.lastIndex) return undefined
    const [entry] = this.entries(index, index + 1, Infinity)
    return entry && fingerprint(entry)
  }

  /** Whether a candidate whose log ends at `last` may get a vote: terms first, then length (§5.4.1). */
  isUpToDate(last: LogPosition): boolean {
    const own = this.last
    return last.term > own.term || (last.term === own.term && last.index >= own.index)
  }

  /**
   * The newest position at or below `index` whose term is at most `term`. Above it the two logs
   * cannot agree, so whoever searches for agreement skips a whole term at each step (Raft §5.3;
   * the worked examples are in etcd's raft.go, at MsgAppResp).
   */
  newestAtOrBelow(index: number, term: number): LogPosition {
    // Below the first index the storage knows nothing; there the caller will need a snapshot.
    let at = Math.min(index, this.lastIndex)
    while (at >= this.firstIndex && this.term(at) > term) at -= 1
    return { index: at, term: at >= this.firstIndex - 1 ? this.term(at) : 0 }
  }

  /** Appends at the end: a leader never overwrites its own log (Leader Append-Only). */
  append(entries: readonly Entry[]): void {
    this.#tail.append(entries)
    this.membership.onAppended(entries)
  }

  /**
   * A follower takes over what it lacks of `entries`, which follow a position that matches. Only an
   * entry that contradicts its own makes it drop the rest: an old or repeated message is a prefix
   * of what is here already and must shorten nothing (Raft §5.3).
   */
  accept(entries: readonly Entry[]): void {
    const fresh = entries.findIndex((entry) => !this.matches(entry))
    this.#requireSame(fresh === -1 ? entries : entries.slice(0, fresh))
    const first = entries[fresh]
    if (first === undefined) return
    if (first.index <= this.lastIndex) this.#truncateFrom(first.index)
    this.append(fresh === 0 ? entries : entries.slice(fresh))
  }

  /**
   * Takes over what a snapshot holds in place of the whole log: it is committed, and this log has
   * not got there (Raft §7). It counts as applied, but as durable only with the write that carries it.
   */
  restore({ index, term, membership }: Snapshot): void {
    invariant(index > this.#commitIndex, 'a snapshot of what is committed here is of no use')
    this.#writes.onTruncated(this.#commitIndex + 1)
    this.#durableIndex = Math.min(this.#durableIndex, this.#commitIndex)
    this.#writingIndex = index
    this.#tail.reset(index, term)
    this.#applying.reset(index)
    this.#commitIndex = index
    this.#restoredIndex = index
    this.#unwrittenSnapshot = { index, term, membership }
    this.membership.restore({ index, membership })
  }

  /** Raises the commit index; a lower one is old news. */
  commitTo(index: number): void {
    if (index <= this.#commitIndex) return
    invariant(index <= this.lastIndex, `index ${index} is committed, but this log ends before it`)
    this.#commitIndex = index
  }

  get hasUnwritten(): boolean {
    return this.#writingIndex < this.lastIndex || this.#unwrittenSnapshot !== undefined
  }

  /** The snapshot that the next write must carry. */
  takeSnapshot(): Snapshot | undefined {
    const snapshot = this.#unwrittenSnapshot
    this.#unwrittenSnapshot = undefined
    return snapshot
  }

  /** Whether a term or a vote is on its way to the disk. */
  get isWritingHardState(): boolean {
    return this.#writes.hasHardState
  }

  /** The entries that no write has carried yet; the write of `term` that carries them begins. */
  beginWrite(term: number, hasHardState: boolean): readonly Entry[] {
    const { lastIndex } = this
    const entries = this.#tail.slice(this.#writingIndex + 1, lastIndex + 1, Infinity)
    this.#writes.add(term, lastIndex, hasHardState)
    this.#writingIndex = lastIndex
    return entries
  }

  /**
   * The oldest write is durable. It moves the durable index only if the member is still in the
   * write's term, as in etcd; a change of term is always followed by a write of its own, whose
   * completion covers this one.
   */
  completeWrite(term: number, index: number, currentTerm: number): void {
    const durableThrough = this.#writes.complete(term, index)
    if (term === currentTerm) this.#durableIndex = Math.max(this.#durableIndex, durableThrough)
    invariant(this.#durableIndex <= this.#writingIndex, 'only what was written can be durable')
    this.#release()
  }

  get hasCommittedToHandOut(): boolean {
    return this.#applying.handedOutIndex < this.#applicableIndex && this.#applying.roomBytes > 0
  }

  /** Committed and locally durable entries, within the bounds of what may be outstanding. */
  handOutCommitted(): readonly Entry[] {
    invariant(this.hasCommittedToHandOut, 'there is something to hand out')
    const { handedOutIndex, roomBytes } = this.#applying
    const entries = this.entries(handedOutIndex + 1, this.#applicableIndex + 1, roomBytes)
    this.#applying.handOut(entries)
    this.#release()
    return entries
  }

  onApplied(index: number): void {
    this.#applying.onApplied(index)
  }

  get #applicableIndex(): number {
    return Math.min(this.#commitIndex, this.#durableIndex)
  }

  /** Entries that come again must be those that are here. */
  #requireSame(known: readonly Entry[]): void {
    for (const entry of known) {
      const own = this.fingerprint(entry.index)
      invariant(own === undefined || own === fingerprint(entry), differs(entry))
    }
  }

  #truncateFrom(from: number): void {
    invariant(from > this.#commitIndex, `a leader contradicts the committed entry ${from}`)
    this.#tail.truncateFrom(from, this.term(from - 1))
    this.membership.onTruncated(from)
    this.#writes.onTruncated(from)
    this.#durableIndex = Math.min(this.#durableIndex, from - 1)
    this.#writingIndex = Math.min(this.#writingIndex, from - 1)
  }

  #release(): void {
    this.#tail.dropThrough(Math.min(this.#durableIndex, this.#applying.handedOutIndex))
    this.#tail.shrinkTo(this.#maxRetainedBytes, this.#durableIndex)
    this.membership.forgetBefore(this.firstIndex - 1)
  }
}
