/**
 * The durable writes handed out and not yet completed, oldest first. They complete in order.
 *
 * Each remembers up to which index the log, *as it is now*, will be durable when it completes. A
 * truncation lowers that for every write in flight, because an entry that was replaced while its
 * write was under way must not count as durable: a later write still in flight may be about to
 * overwrite it, even with an entry of equal index and term (the "ABA" race of three leaders).
 *
 * Deviation: etcd compares (index, entry's term) at completion instead. Here the completion names
 * the member's term, so the queue decides exactly, and also catches a truncation within one term.
 * Source: thesis §10.2.1; etcd: newStorageAppendRespMsg.
 */

import { invariant } from './invariant.js'

interface PendingWrite {
  readonly term: number
  readonly index: number
  readonly hasHardState: boolean
  durableThrough: number
}

export class PendingWrites {
  readonly #writes: PendingWrite[] = []
  #hardStates = 0

  /** Whether a term or a vote is on its way to the disk. */
  get hasHardState(): boolean {
    return this.#hardStates > 0
  }

  add(term: number, index: number, hasHardState: boolean): void {
    this.#writes.push({ term, index, hasHardState, durableThrough: index })
    if (hasHardState) this.#hardStates += 1
  }

  /** The log was truncated from `from` on: no write in flight speaks for what follows. */
  onTruncated(from: number): void {
    for (const write of this.#writes) {
      write.durableThrough = Math.min(write.durableThrough, from - 1)
    }
  }

  /** Takes the oldest write off and returns the index up to which it made the log durable. */
  complete(term: number, index: number): number {
    const write = this.#writes.shift()
    invariant(
      write?.term === term && write.index === index,
      `the storage completed (term ${term}, index ${index}), which is not the oldest write`,
    )
    if (write.hasHardState) this.#hardStates -= 1
    return write.durableThrough
  }
}
