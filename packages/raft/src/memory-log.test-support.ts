/** A log storage in memory that keeps apart what was handed to it and what a crash leaves of it. */

import { entryBytes, type Entry } from './entry.js'
import type { HardState, LogStorage } from './log-storage.js'
import { decodeMembership, type MembershipAt } from './membership.js'
import type { Append } from './ready.js'

export interface MemoryLogOptions {
  readonly voters: readonly string[]
  readonly learners?: readonly string[]
  readonly hardState?: HardState
  readonly entries?: readonly Entry[]
}

export class MemoryLog implements LogStorage {
  hardState: HardState
  /** In force before the first entry. */
  #base: MembershipAt
  #baseTerm = 0
  #entries: Entry[]
  readonly #inFlight: Append[] = []

  constructor({ voters, learners = [], hardState, entries = [] }: MemoryLogOptions) {
    this.#base = { index: 0, membership: { voters, learners } }
    this.hardState = hardState ?? { term: entries.at(-1)?.term ?? 0, votedFor: undefined }
    this.#entries = [...entries]
  }

  initialState(): ReturnType<LogStorage['initialState']> {
    const later = this.#entries
      .filter(({ kind }) => kind === 'membership')
      .map(({ index, data }) => ({ index, membership: decodeMembership(data) }))
    return { hardState: this.hardState, memberships: [this.#base, ...later] }
  }

  /** Of what is durable. */
  get membership(): MembershipAt {
    return this.initialState().memberships.at(-1)!
  }

  firstIndex(): number {
    return this.#base.index + 1
  }

  lastIndex(): number {
    return this.#base.index + this.#entries.length
  }

  term(index: number): number {
    return index === this.#base.index ? this.#baseTerm : this.at(index)!.term
  }

  entries(from: number, to: number, maxBytes: number): readonly Entry[] {
    const entries: Entry[] = []
    let bytes = 0
    for (const entry of this.#entries.slice(from - this.firstIndex(), to - this.firstIndex())) {
      bytes += entryBytes(entry)
      if (bytes > maxBytes && entries.length > 0) break
      entries.push(entry)
    }
    return entries
  }

  /** What is durable now, since the last snapshot. */
  get all(): readonly Entry[] {
    return this.#entries
  }

  at(index: number): Entry | undefined {
    return this.#entries[index - this.firstIndex()]
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
    if (append.snapshot !== undefined) {
      const { index, term, membership } = append.snapshot
      this.#base = { index, membership }
      this.#baseTerm = term
      this.#entries = []
    }
    const first = append.entries[0]
    if (first !== undefined) {
      if (first.index > this.lastIndex() + 1) throw new Error('a write leaves a gap in the log')
      this.#entries.length = first.index - this.firstIndex()
      this.#entries.push(...append.entries)
    }
    return append
  }

  /** Drops the entries up to `index`, which a durable state holds. */
  compact(index: number): void {
    if (index < this.firstIndex()) return
    const { memberships } = this.initialState()
    const { membership } = memberships.findLast((one) => one.index <= index)!
    const term = this.term(index)
    this.#entries.splice(0, index - this.#base.index)
    this.#base = { index, membership }
    this.#baseTerm = term
  }

  /** A crash: the writes in flight never happened. */
  crash(): void {
    this.#inFlight.length = 0
  }
}
