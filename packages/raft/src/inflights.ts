/**
 * The AppendEntries on their way to one follower: a ring of (last index, bytes), oldest first,
 * bounded by count and by bytes, so that a slow follower costs bounded memory on both sides
 * (thesis §10.2.1; etcd: tracker/inflights.go). Nothing is allocated per message.
 *
 * A window that is not full takes one more message whatever its size, so that one entry larger
 * than the limit still gets through.
 */

import { invariant } from './invariant.js'

export class Inflights {
  readonly #maxCount: number
  readonly #maxBytes: number
  readonly #lastIndexes: Float64Array
  readonly #sizes: Float64Array
  #start = 0
  #count = 0
  #bytes = 0

  constructor(maxCount: number, maxBytes: number) {
    invariant(maxCount >= 1, 'a window holds at least one message')
    this.#maxCount = maxCount
    this.#maxBytes = maxBytes
    this.#lastIndexes = new Float64Array(maxCount)
    this.#sizes = new Float64Array(maxCount)
  }

  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count >= this.#maxCount || this.#bytes >= this.#maxBytes
  }

  add(lastIndex: number, bytes: number): void {
    invariant(!this.isFull, 'a full window takes no further message')
    const at = (this.#start + this.#count) % this.#maxCount
    this.#lastIndexes[at] = lastIndex
    this.#sizes[at] = bytes
    this.#count += 1
    this.#bytes += bytes
  }

  /** Forgets the messages whose entries are all at or below `index`: the follower holds them. */
  freeThrough(index: number): void {
    while (this.#count > 0) {
      const lastIndex = this.#lastIndexes[this.#start]
      const size = this.#sizes[this.#start]
      invariant(lastIndex !== undefined && size !== undefined, 'the ring holds what it counts')
      if (lastIndex > index) break
      this.#bytes -= size
      this.#start = (this.#start + 1) % this.#maxCount
      this.#count -= 1
    }
    invariant(this.#count > 0 || this.#bytes === 0, 'an empty window holds no bytes')
  }

  clear(): void {
    this.#start = 0
    this.#count = 0
    this.#bytes = 0
  }
}
