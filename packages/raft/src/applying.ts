/**
 * Committed entries handed out and not yet applied, bounded in bytes, so that a state machine that
 * falls behind holds back the hand-out instead of filling the memory.
 *
 * Invariant: appliedIndex ≤ handedOutIndex. Source: etcd: MaxCommittedSizePerReady.
 */

import { totalBytes, type Entry } from './entry.js'
import { invariant } from './invariant.js'

export class Applying {
  readonly #maxBytes: number
  #batches: { readonly lastIndex: number; readonly bytes: number }[] = []
  #bytes = 0
  #appliedIndex: number
  #handedOutIndex: number

  constructor(appliedIndex: number, maxBytes: number) {
    this.#appliedIndex = appliedIndex
    this.#handedOutIndex = appliedIndex
    this.#maxBytes = maxBytes
  }

  get handedOutIndex(): number {
    return this.#handedOutIndex
  }

  /** Bytes that may still be handed out; one entry always may when nothing is outstanding. */
  get roomBytes(): number {
    return this.#maxBytes - this.#bytes
  }

  /** A snapshot took the place of everything up to `index`, handed out or not. */
  reset(index: number): void {
    this.#batches = []
    this.#bytes = 0
    this.#appliedIndex = index
    this.#handedOutIndex = index
  }

  handOut(entries: readonly Entry[]): void {
    const lastIndex = this.#handedOutIndex + entries.length
    invariant(entries.at(-1)?.index === lastIndex, 'entries are handed out in order, once')
    const bytes = totalBytes(entries)
    this.#batches.push({ lastIndex, bytes })
    this.#bytes += bytes
    this.#handedOutIndex = lastIndex
  }

  onApplied(index: number): void {
    // The driver may finish what it was given before a snapshot took its place.
    if (index <= this.#appliedIndex) return
    invariant(index <= this.#handedOutIndex, 'only what was handed out can be applied')
    this.#appliedIndex = index
    let batch = this.#batches[0]
    while (batch !== undefined && batch.lastIndex <= index) {
      this.#bytes -= batch.bytes
      this.#batches.shift()
      batch = this.#batches[0]
    }
  }
}
