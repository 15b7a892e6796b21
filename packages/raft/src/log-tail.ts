/**
 * The newest part of the log, in memory: everything that is not known to be durable, and what is
 * durable but not yet handed out to be applied (so that committing does not read the storage).
 *
 * Invariants: entries are contiguous in index and never fall in term; `firstIndex` is one past the
 * newest index that must be read from the storage. Source: etcd: log_unstable.go.
 */

import { entryBytes, type Entry } from './entry.js'
import { invariant } from './invariant.js'

export class LogTail {
  #entries: Entry[] = []
  #bytes = 0
  /** Index and term of the entry just before the tail: the anchor of most consistency checks. */
  #previousIndex: number
  #previousTerm: number

  constructor(lastIndex: number, lastTerm: number) {
    this.#previousIndex = lastIndex
    this.#previousTerm = lastTerm
  }

  get firstIndex(): number {
    return this.#previousIndex + 1
  }

  get lastIndex(): number {
    return this.#previousIndex + this.#entries.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** For firstIndex - 1 ≤ index ≤ lastIndex. */
  term(index: number): number {
    if (index === this.#previousIndex) return this.#previousTerm
    const entry = this.#entries[index - this.firstIndex]
    invariant(entry !== undefined, `index ${index} is not in the log's tail`)
    return entry.term
  }

  /** Forgets everything: the log ends at an entry that only a snapshot holds. */
  reset(index: number, term: number): void {
    this.#entries = []
    this.#bytes = 0
    this.#previousIndex = index
    this.#previousTerm = term
  }

  append(entries: readonly Entry[]): void {
    let { lastIndex } = this
    let lastTerm = this.term(lastIndex)
    for (const entry of entries) {
      invariant(entry.index === lastIndex + 1, `entry ${entry.index} follows entry ${lastIndex}`)
      invariant(entry.term >= lastTerm, `terms fall at index ${entry.index}`)
      this.#entries.push(entry)
      this.#bytes += entryBytes(entry)
      lastIndex = entry.index
      lastTerm = entry.term
    }
  }

  /**
   * Removes the entries from `from` on. If `from` lies before the tail, the tail starts there
   * afterwards, after an entry of `previousTerm`: the storage's entries from `from` on are void.
   */
  truncateFrom(from: number, previousTerm: number): void {
    invariant(from >= 1 && from <= this.lastIndex, `nothing to truncate from index ${from}`)
    if (from < this.firstIndex) {
      this.#entries = []
      this.#bytes = 0
      this.#previousIndex = from - 1
      this.#previousTerm = previousTerm
      return
    }
    for (const entry of this.#entries.splice(from - this.firstIndex)) {
      this.#bytes -= entryBytes(entry)
    }
  }

  /** Entries in [from, to) that fit in `maxBytes`, at least one if from < to. */
  slice(from: number, to: number, maxBytes: number): readonly Entry[] {
    invariant(from >= this.firstIndex && to <= this.lastIndex + 1, 'the range lies in the tail')
    const start = from - this.firstIndex
    let end = start
    for (let bytes = 0; end < to - this.firstIndex; end += 1) {
      const entry = this.#entries[end]
      invariant(entry !== undefined, 'the range lies in the tail')
      bytes += entryBytes(entry)
      if (bytes > maxBytes && end > start) break
    }
    return this.#entries.slice(start, end)
  }

  /** Drops the entries up to `index`, which the storage holds durably. */
  dropThrough(index: number): void {
    if (index < this.firstIndex) return
    const term = this.term(index)
    for (const entry of this.#entries.splice(0, index - this.#previousIndex)) {
      this.#bytes -= entryBytes(entry)
    }
    this.#previousIndex = index
    this.#previousTerm = term
  }

  /** Drops durable entries, oldest first, until the tail fits in `maxBytes`. */
  shrinkTo(maxBytes: number, durableIndex: number): void {
    let excess = this.#bytes - maxBytes
    let through = this.#previousIndex
    while (excess > 0 && through < durableIndex) {
      const entry = this.#entries[through - this.#previousIndex]
      invariant(entry !== undefined, 'a durable index lies within the log')
      excess -= entryBytes(entry)
      through += 1
    }
    this.dropThrough(through)
  }
}
