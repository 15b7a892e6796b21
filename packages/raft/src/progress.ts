/**
 * What a leader knows about one follower's log.
 *
 * - `probe`: where the logs agree is not known. One AppendEntries at a time, and after it silence
 *   until an answer or a heartbeat's echo.
 * - `snapshot`: it lacks entries that are compacted away. Nothing is sent but heartbeats until it has
 *   taken over a snapshot, or the sending of it has ended without that.
 * - `replicate`: the logs agree up to `matchIndex`. Entries stream ahead of their acknowledgements,
 *   as far as the in-flight window allows.
 *
 * Invariants: matchIndex < nextIndex; matchIndex never decreases during a leadership.
 * Source: thesis §10.2.1; etcd: design.md, tracker/progress.go.
 */

import { Inflights } from './inflights.js'
import { invariant } from './invariant.js'
import type { MemberId } from './message.js'

export type ProgressState = 'probe' | 'replicate' | 'snapshot'

export interface InflightLimits {
  readonly maxInflightAppends: number
  readonly maxInflightBytes: number
}

export class Progress {
  readonly id: MemberId
  readonly inflights: Inflights
  #state: ProgressState = 'probe'
  #matchIndex = 0
  #nextIndex: number
  /** A probe is out and unanswered. */
  #probeSent = false
  /** The highest commit index that the follower was told. If that was lost, the probe repeats it. */
  sentCommitIndex = 0
  /** An AppendEntries is due even without entries: the follower may have missed earlier ones. */
  appendDue = false
  /** The highest read position that the follower has echoed in this term. */
  readPosition = 0
  /** The leader's tick at which the follower last answered anything. */
  lastHeardTick = 0
  /** `matchIndex` when the last timed heartbeat left; -1 once its answer was made use of. */
  matchIndexAtHeartbeat = -1

  constructor(id: MemberId, nextIndex: number, limits: InflightLimits) {
    invariant(nextIndex >= 1, 'the log starts at index 1')
    this.id = id
    this.#nextIndex = nextIndex
    this.inflights = new Inflights(limits.maxInflightAppends, limits.maxInflightBytes)
  }

  get state(): ProgressState {
    return this.#state
  }

  get matchIndex(): number {
    return this.#matchIndex
  }

  get nextIndex(): number {
    return this.#nextIndex
  }

  /** Whether entries may be sent now. */
  get isPaused(): boolean {
    switch (this.#state) {
      case 'probe':
        return this.#probeSent
      case 'replicate':
        return this.inflights.isFull
      case 'snapshot':
        return true
    }
  }

  /** Records an AppendEntries that ends at `lastIndex`; `bytes` is 0 if it had no entries. */
  onSent(lastIndex: number, bytes: number, commitIndex: number): void {
    if (this.#state === 'probe') {
      this.#probeSent = true
    } else if (lastIndex >= this.#nextIndex) {
      this.inflights.add(lastIndex, bytes)
      this.#nextIndex = lastIndex + 1
    }
    this.appendDue = false
    this.sentCommitIndex = Math.max(this.sentCommitIndex, Math.min(commitIndex, lastIndex))
  }

  /**
   * The follower holds the leader's log up to `matchIndex`. False if that tells nothing new.
   * `firstIndex` is that of the leader's log: a follower that has reached it needs no snapshot.
   */
  onAccepted(matchIndex: number, firstIndex: number): boolean {
    const advanced = matchIndex > this.#matchIndex
    if (!advanced && !(this.#state === 'probe' && matchIndex === this.#matchIndex)) return false
    this.#matchIndex = matchIndex
    this.#nextIndex = Math.max(this.#nextIndex, matchIndex + 1)
    if (this.#state === 'replicate') {
      this.inflights.freeThrough(matchIndex)
    } else if (this.#state === 'probe' || matchIndex + 1 >= firstIndex) {
      this.#state = 'replicate'
      this.#nextIndex = matchIndex + 1
      this.inflights.clear()
    }
    return true
  }

  /**
   * The check failed at `rejectedIndex`; the logs may agree at `hintIndex`. False if the answer is
   * an old one: it must not send a healthy follower back (etcd: MaybeDecrTo).
   */
  onRejected(rejectedIndex: number, hintIndex: number): boolean {
    if (this.#state === 'replicate') {
      if (rejectedIndex <= this.#matchIndex) return false
      this.becomeProbe()
      return true
    }
    if (this.#state === 'snapshot' || rejectedIndex !== this.#nextIndex - 1) return false
    this.#nextIndex = Math.max(Math.min(rejectedIndex, hintIndex + 1), this.#matchIndex + 1)
    this.#probeSent = false
    return true
  }

  /** What was sent beyond `matchIndex` may be lost: starts over from there. */
  becomeProbe(): void {
    this.#state = 'probe'
    this.#nextIndex = this.#matchIndex + 1
    this.#probeSent = false
    this.inflights.clear()
  }

  /** What it lacks is compacted away; a snapshot is under way. */
  becomeSnapshot(): void {
    this.#state = 'snapshot'
    this.#nextIndex = this.#matchIndex + 1
    this.inflights.clear()
  }

  /**
   * The sending of the snapshot has ended: `sentIndex` is what the follower will hold once it has
   * taken it over, undefined if it did not get it. Either way the next word is the follower's, so
   * that a sending that fails at once is not repeated at once.
   */
  onSnapshotSent(sentIndex: number | undefined): void {
    if (this.#state !== 'snapshot') return
    this.becomeProbe()
    if (sentIndex !== undefined) this.#nextIndex = Math.max(this.#nextIndex, sentIndex + 1)
    this.#probeSent = true
  }

  /** Allows another probe: the follower answered, so the one before may have been lost. */
  resumeProbe(): void {
    this.#probeSent = false
  }
}
