/**
 * Snapshots, between the core and those who do the work: `storage/` makes, keeps and installs the
 * files, `transport/` carries them (Raft §7).
 */

import type { InstallSnapshot, MemberId, Raft } from '@holdfast/raft'

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
  readonly take: () => Promise<StateSnapshot>
  readonly send: (message: InstallSnapshot, snapshot: StateSnapshot) => Promise<void>
  /** Asks for a turn of the node's loop. */
  readonly wake: () => void
}

export class Snapshots {
  readonly #parts: SnapshotParts
  #closed = false

  constructor(parts: SnapshotParts) {
    this.#parts = parts
  }

  /** Sends the state to a follower, and tells the core what became of it, as it must. */
  async sendTo(follower: MemberId): Promise<void> {
    const { raft, take, send, wake } = this.#parts
    let sentIndex: number | undefined
    try {
      const snapshot = await take()
      try {
        if (this.#closed) return
        const message = raft.installSnapshotMessage(follower, snapshot.index)
        if (message === undefined) return
        await send(message, snapshot)
        sentIndex = snapshot.index
      } finally {
        snapshot.release()
      }
    } catch {
      // The follower is gone, or is being sent one by somebody else. The core will ask again.
    }
    if (this.#closed) return
    raft.reportSnapshot(follower, sentIndex)
    wake()
  }

  close(): void {
    this.#closed = true
  }
}
