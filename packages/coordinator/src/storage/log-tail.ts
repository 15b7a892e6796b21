/**
 * The newest entries, in memory: what replication and apply read nearly always, and the only place
 * where entries can be read that the worker has not committed yet.
 *
 * firstIndex ≤ every index that is not durable ≤ lastIndex; what is below firstIndex is durable and
 * read from the database.
 */

import { entryBytes, invariant, type Entry } from '@holdfast/raft'

/** Behind this a follower is caught up from the database. */
const MAX_TAIL_BYTES = 32 * 1024 * 1024

export class LogTail {
  #entries: Entry[] = []
  #firstIndex: number
  #bytes = 0

  /** `lastIndex`: the newest durable entry, which is not in the tail. */
  constructor(lastIndex: number) {
    this.#firstIndex = lastIndex + 1
  }

  get firstIndex(): number {
    return this.#firstIndex
  }

  get lastIndex(): number {
    return this.#firstIndex + this.#entries.length - 1
  }

  /** The entries up to `index` are not needed any more. */
  dropThrough(index: number): void {
    const count = Math.min(index - this.#firstIndex + 1, this.#entries.length)
    if (count <= 0) return
    for (const entry of this.#entries.splice(0, count)) this.#bytes -= entryBytes(entry)
    this.#firstIndex += count
  }

  /** Begins anew behind an entry that is not in the log. */
  reset(index: number): void {
    this.#entries = []
    this.#bytes = 0
    this.#firstIndex = index + 1
  }

  /** Replaces everything from the first entry's index on. */
  append(entries: readonly Entry[]): void {
    const first = entries[0]
    if (first === undefined) return
    invariant(first.index >= 1 && first.index <= this.lastIndex + 1, 'the log would have a gap')
    const kept = Math.max(0, first.index - this.#firstIndex)
    if (kept < this.#entries.length) {
      for (const entry of this.#entries.splice(kept)) this.#bytes -= entryBytes(entry)
    }
    if (this.#entries.length === 0) this.#firstIndex = first.index
    for (const entry of entries) {
      invariant(entry.index === this.lastIndex + 1, 'the entries of a write are not consecutive')
      this.#entries.push(entry)
      this.#bytes += entryBytes(entry)
    }
  }

  at(index: number): Entry | undefined {
    return this.#entries[index - this.#firstIndex]
  }

  /** Entries of [from, to), at least one, and no more than fit in `maxBytes`. */
  read(from: number, to: number, maxBytes: number): readonly Entry[] {
    const start = from - this.#firstIndex
    let end = start
    let bytes = 0
    for (; end < to - this.#firstIndex; end++) {
      bytes += entryBytes(this.#entries[end] ?? missing())
      if (end > start && bytes > maxBytes) break
    }
    return this.#entries.slice(start, end)
  }

  /** Lets go of the oldest entries, all below `durableBelow`, that are too much. */
  trim(durableBelow: number): void {
    if (this.#bytes <= MAX_TAIL_BYTES) return
    // A little more than needed, because each removal moves the whole array.
    const target = MAX_TAIL_BYTES - MAX_TAIL_BYTES / 8
    let dropped = 0
    while (this.#bytes > target && this.#firstIndex + dropped < durableBelow) {
      this.#bytes -= entryBytes(this.#entries[dropped] ?? missing())
      dropped++
    }
    this.#entries.splice(0, dropped)
    this.#firstIndex += dropped
  }
}

function missing(): never {
  invariant(false, 'an entry was read that the log does not have')
}
