/**
 * Snapshots, between the core and those who do the work: `storage/` makes, keeps and installs the
 * files, `transport/` carries them (Raft §7).
 */

import type { InstallSnapshot, MemberId, Raft } from '@holdfast/raft'
import type { Clock } from '../time/clock.js'
import { pause } from '../time/pause.js'

/** A copy of the state, made for followers that lack what is cut from the log. */
export interface StateSnapshot {
  /** The newest entry in it. */
  readonly index: number
  /** Where the file is. It stays until `release`. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string
  readonly release: () => void
}

export interface SnapshotParts {
  readonly raft: Pick<Raft, 'installSnapshotMessage' | 'reportSnapshot'>
  /** Whether a copy of the state would leave this disk room enough. */
  readonly hasRoom: () => boolean
  readonly take: () => Promise<StateSnapshot>
  readonly send: (message: InstallSnapshot, snapshot: StateSnapshot) => Promise<void>
  /** Asks for a turn of the node's loop. */
  readonly wake: () => void
  readonly clock: Clock
}

/**
 * Before a failure is reported, since the core then asks again as soon as the follower gives a sign
 * of life, and a copy of the whole state costs much. Doubled by each further failure in a row: a
 * follower that is short of space may refuse for hours.
 */
export const RETRY_MS = 1_000
export const MAX_RETRY_MS = 30_000

interface Attempt {
  /** In a row, up to now. */
  failures: number
}

export class Snapshots {
  readonly #parts: SnapshotParts
  readonly #closing = new AbortController()
  /** The newest of each follower. */
  readonly #attempts = new Map<MemberId, Attempt>()

  constructor(parts: SnapshotParts) {
    this.#parts = parts
  }

  /**
   * Sends the state to a follower, and tells the core what became of it, as it must. Of one that it
   * has asked for anew in the meantime, as a later leadership may, it is told the newest outcome.
   */
  async sendTo(follower: MemberId): Promise<void> {
    const attempt: Attempt = { failures: this.#attempts.get(follower)?.failures ?? 0 }
    this.#attempts.set(follower, attempt)
    const sentIndex = await this.#send(follower).catch(() => undefined)
    const { signal } = this.#closing
    if (sentIndex === undefined) {
      const delayMs = Math.min(RETRY_MS * 2 ** attempt.failures, MAX_RETRY_MS)
      attempt.failures += 1
      await pause(this.#parts.clock, delayMs, signal)
    } else attempt.failures = 0
    if (signal.aborted || this.#attempts.get(follower) !== attempt) return
    this.#parts.raft.reportSnapshot(follower, sentIndex)
    this.#parts.wake()
  }

  close(): void {
    this.#closing.abort()
  }

  /** The index that the follower has got; undefined if there is no reason to send it any more. */
  async #send(follower: MemberId): Promise<number | undefined> {
    const { raft, hasRoom, take, send } = this.#parts
    if (!hasRoom()) return undefined
    const snapshot = await take()
    try {
      const message = raft.installSnapshotMessage(follower, snapshot.index)
      if (message === undefined || this.#closing.signal.aborted) return undefined
      await send(message, snapshot)
      return snapshot.index
    } finally {
      snapshot.release()
    }
  }
}
