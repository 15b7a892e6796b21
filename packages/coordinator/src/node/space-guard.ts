/**
 * What a member does when the disk of its data runs full (catalogue 36): in good time it refuses what
 * makes the store grow, as etcd does (§8.17: NOSPACE), so that there is room for what makes it smaller:
 * deletes, compactions, revoked leases, changes of the members. A reserve is held for that while
 * there is room, and let go when there is not, so that others who write to the disk cannot take it.
 *
 *   free < 64 MiB   refuses to grow, gives up its reserve, and a leader hands over, once
 *   free < 32 MiB   takes no entries from the leader any more either: as if they were lost on the way;
 *                   and a leader takes nothing from others that makes the store grow
 *   free ≥ 128 MiB  all is as before
 *
 * Each member judges by its own disk. What fails all the same is fatal, like any failed write.
 */

import type { MemberId, Raft } from '@holdfast/raft'
import type { Cancel, Clock } from '../time/clock.js'

const MIB = 1024 * 1024
const SHORT_BYTES = 64 * MIB
/** What may be on its way to this member, 16 MiB, once for the log and once for the state. */
const CRITICAL_BYTES = 32 * MIB
/** More than what the reserve gives, so that letting it go does not end the shortage. */
const ENOUGH_BYTES = 2 * SHORT_BYTES
const LOOK_MS = 250
/**
 * Between two attempts to hand over: for one election timeout of them no proposal is taken, and a
 * delete may be what makes room.
 */
const HAND_OVER_ELECTION_TIMEOUTS = 5
/** After the reserve could not be written, which may have cost as many writes as it is long. */
const HOLD_AGAIN_MS = 60_000

/** The disk of the data directory; `storage/` implements it. */
export interface Space {
  /** Less what has yet to be copied into the databases. */
  freeBytes(): Promise<number>
  /** Takes some room, if it is not held already. */
  hold(): Promise<void>
  release(): void
}

export type SpaceNews =
  | { readonly type: 'short' | 'enough'; readonly freeBytes: number }
  /** There seems to be room for it, and it cannot be written. Told once, until it can. */
  | { readonly type: 'noReserve'; readonly error: unknown }

export interface SpaceGuardParts {
  readonly space: Space
  readonly clock: Pick<Clock, 'every' | 'nowMs'>
  readonly raft: Pick<Raft, 'status' | 'transferLeadership'>
  readonly heirs: { next(): MemberId | undefined }
  readonly electionTimeoutMs: number
  readonly onNews: (news: SpaceNews) => void
}

export class SpaceGuard {
  readonly #parts: SpaceGuardParts
  #freeBytes = Infinity
  #isShort = false
  #hasHandedOver = false
  #handOverAtMs = -Infinity
  #isHoldFailing = false
  #holdAgainAtMs = -Infinity
  #looking: Promise<void> | undefined
  #stop: Cancel = () => undefined

  constructor(parts: SpaceGuardParts) {
    this.#parts = parts
  }

  /** Whether the store must not grow. */
  get isShort(): boolean {
    return this.#isShort
  }

  /** Whether nothing may be written that can be had later. */
  get isCritical(): boolean {
    return this.#freeBytes < CRITICAL_BYTES
  }

  /** Whether so much can be written without making this member short of space. */
  hasRoomFor(bytes: number): boolean {
    return this.#freeBytes - bytes >= SHORT_BYTES
  }

  /** The same, by a look that begins now. */
  async findsRoomFor(bytes: number): Promise<boolean> {
    await this.#looking
    await this.#look()
    return this.hasRoomFor(bytes)
  }

  /** Resolves when it has looked for the first time. */
  async start(): Promise<void> {
    this.#stop = this.#parts.clock.every(LOOK_MS, () => void this.#look())
    await this.#look()
  }

  /** Resolves when it leaves the directory alone. */
  async close(): Promise<void> {
    this.#stop()
    await this.#looking
  }

  /** One look at a time. A disk that does not say how full it is, is judged by what it said before. */
  #look(): Promise<void> {
    this.#looking ??= this.#judge()
      .catch(() => undefined)
      .finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #judge(): Promise<void> {
    const { space, onNews } = this.#parts
    this.#freeBytes = await space.freeBytes()
    const wasShort = this.#isShort
    this.#isShort = this.#freeBytes < (wasShort ? ENOUGH_BYTES : SHORT_BYTES)
    if (this.#isShort !== wasShort) {
      onNews({ type: this.#isShort ? 'short' : 'enough', freeBytes: this.#freeBytes })
    }
    if (this.#isShort) {
      space.release()
      this.#freeBytes = await space.freeBytes()
      this.#handOver()
    } else {
      this.#hasHandedOver = false
      this.#handOverAtMs = -Infinity
      if (this.#freeBytes >= ENOUGH_BYTES) await this.#hold()
    }
  }

  /** Free space says nothing of a quota: where writes fail, the reserve is not tried at every look. */
  async #hold(): Promise<void> {
    const { space, clock, onNews } = this.#parts
    if (clock.nowMs() < this.#holdAgainAtMs) return
    try {
      await space.hold()
      this.#isHoldFailing = false
    } catch (error) {
      this.#holdAgainAtMs = clock.nowMs() + HOLD_AGAIN_MS
      space.release()
      if (!this.#isHoldFailing) onNews({ type: 'noReserve', error })
      this.#isHoldFailing = true
    }
  }

  /**
   * Until another member leads, and then not again in this shortage: if all are short, the leadership
   * must not go round for ever.
   */
  #handOver(): void {
    const { raft, heirs, clock, electionTimeoutMs } = this.#parts
    const { role, leaderId } = raft.status
    if (role !== 'leader') {
      const hasBegun = this.#handOverAtMs > -Infinity
      this.#hasHandedOver ||= hasBegun && leaderId !== undefined
    }
    if (this.#hasHandedOver || role !== 'leader') return
    const nowMs = clock.nowMs()
    if (nowMs < this.#handOverAtMs + HAND_OVER_ELECTION_TIMEOUTS * electionTimeoutMs) return
    const to = heirs.next()
    if (to !== undefined && raft.transferLeadership(to) === 'started') this.#handOverAtMs = nowMs
  }
}
