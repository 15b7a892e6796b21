/** A log storage in memory that keeps apart what was handed to it and what a crash leaves of it. */

import { entryBytes, type Entry } from './entry.js'
import type { HardState, LogStorage, Membership } from './log-storage.js'
import type { Append } from './ready.js'

export interface MemoryLogOptions {
  readonly voters: readonly string[]
  readonly learners?: readonly string[]
  readonly hardState?: HardState
  readonly entries?: readonly Entry[]
}

export class MemoryLog implements LogStorage {
  readonly membership: Membership
  hardState: HardState
  #entries: Entry[]
  readonly #inFlight: Append[] = []

  constructor({ voters, learners = [], hardState, entries = [] }: MemoryLogOptions) {
    this.membership = { voters, learners }
    this.hardState = hardState ?? { term: entries.at(-1)?.term ?? 0, votedFor: undefined }
    this.#entries = [...entries]
  }

  initialState(): { readonly hardState: HardState; readonly membership: Membership } {
    return { hardState: this.hardState, membership: this.membership }
  }

  firstIndex(): number {
    return 1
  }

  lastIndex(): number {
    return this.#entries.length
  }

  term(index: number): number {
    return index === 0 ? 0 : this.#entries[index - 1]!.term
  }

  entries(from: number, to: number, maxBytes: number): readonly Entry[] {
    const entries: Entry[] = []
    let bytes = 0
    for (const entry of this.#entries.slice(from - 1, to - 1)) {
      bytes += entryBytes(entry)
      if (bytes > maxBytes && entries.length > 0) break
      entries.push(entry)
    }
    return entries
  }

  /** What is durable now. */
  get all(): readonly Entry[] {
    return this.#entries
  }

  get writesInFlight(): number {
    return this.#inFlight.length
  }

  /** Hands over one write. The storage shows it only when it is durable. */
  begin(append: Append): void {
    this.#inFlight.push(append)
  }

  /** Makes the oldest write durable and returns it, for its messages to be sent. */
  complete(): Append | undefined {
    const append = this.#inFlight.shift()
    if (append === undefined) return undefined
    if (append.hardState !== undefined) this.hardState = append.hardState
    const first = append.entries[0]
    if (first !== undefined) {
      if (first.index > this.#entries.length + 1) throw new Error('a write leaves a gap in the log')
      this.#entries.length = first.index - 1
      this.#entries.push(...append.entries)
    }
    return append
  }

  /** A crash: the writes in flight never happened. */
  crash(): void {
    this.#inFlight.length = 0
  }
}
