/**
 * The bound on what a leader has appended and not committed. Without a quorum nothing commits, and
 * proposals that clients repeat would fill memory and disk (etcd: MaxUncommittedEntriesSize).
 *
 * A leader with nothing uncommitted takes one proposal whatever its size, or a large one could
 * never be written at all.
 */

import { invariant } from './invariant.js'

export class Uncommitted {
  readonly #maxBytes: number
  readonly #batches: { readonly lastIndex: number; readonly bytes: number }[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  admits(bytes: number): boolean {
    return this.#batches.length === 0 || this.#bytes + bytes <= this.#maxBytes
  }

  add(lastIndex: number, bytes: number): void {
    invariant(this.admits(bytes), 'what is over the limit is refused, not appended')
    this.#batches.push({ lastIndex, bytes })
    this.#bytes += bytes
  }

  onCommitted(commitIndex: number): void {
    let batch = this.#batches[0]
    while (batch !== undefined && batch.lastIndex <= commitIndex) {
      this.#bytes -= batch.bytes
      this.#batches.shift()
      batch = this.#batches[0]
    }
    invariant(this.#batches.length > 0 || this.#bytes === 0, 'nothing uncommitted has no bytes')
  }
}
