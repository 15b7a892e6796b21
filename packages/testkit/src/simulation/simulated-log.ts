/**
 * The Raft log on a simulated disk: what a crash leaves of it, and what the member sees of it. It
 * keeps the contract of the real one (`DurableLog` of the coordinator), which a test holds both to.
 *
 * A transaction is written whole or not at all, as SQLite promises; what becomes of a disk below
 * SQLite is tested with real files (`disk/power-loss.ts`).
 */

import type { DurableLog, LogWrite } from '@holdfast/coordinator/parts'
import {
  decodeMembership,
  entryBytes,
  invariant,
  type Entry,
  type HardState,
  type MembershipAt,
} from '@holdfast/raft'

/** What a crash leaves. */
export class LogDisk {
  hardState: HardState = { term: 0, votedFor: undefined }
  /** The place before the first entry, and the membership in force there. */
  start: { readonly index: number; readonly term: number }
  membership: MembershipAt
  entries: Entry[] = []

  constructor(membership: MembershipAt['membership']) {
    this.start = { index: 0, term: 0 }
    this.membership = { index: 0, membership }
  }

  get lastIndex(): number {
    return this.start.index + this.entries.length
  }

  at(index: number): Entry | undefined {
    return this.entries[index - this.start.index - 1]
  }

  write({ hardState, snapshot, entries }: LogWrite): void {
    if (hardState !== undefined) this.hardState = hardState
    if (snapshot !== undefined) {
      const { index, term, membership } = snapshot
      this.start = { index, term }
      this.membership = { index, membership }
      this.entries = []
    }
    const first = entries[0]?.index
    if (first === undefined) return
    this.entries.length = first - this.start.index - 1
    this.entries.push(...entries)
  }

  cut(index: number): void {
    if (index <= this.start.index || index > this.lastIndex) return
    const memberships = this.memberships()
    const term = this.at(index)?.term ?? 0
    this.membership = memberships.findLast((at) => at.index <= index) ?? this.membership
    this.entries = this.entries.slice(index - this.start.index)
    this.start = { index, term }
  }

  memberships(): readonly MembershipAt[] {
    const later = this.entries
      .filter(({ kind }) => kind === 'membership')
      .map(({ index, data }) => ({ index, membership: decodeMembership(data) }))
    return [this.membership, ...later]
  }
}

type Operation =
  { readonly write: LogWrite; readonly onDurable: () => void } | { readonly cut: number }

export interface SimulatedLogOptions {
  readonly disk: LogDisk
  /** Carries out a transaction of the disk when it has taken its time; fails as the disk does. */
  readonly transact: (work: () => void) => Promise<void>
  /** Handed over; not durable yet. */
  readonly onWrite: (write: LogWrite) => void
  readonly onFatal: (error: Error) => void
}

export class SimulatedLog implements DurableLog {
  readonly #options: SimulatedLogOptions
  #start: LogDisk['start']
  #entries: readonly Entry[]
  #waiting: Operation[] = []
  #isWriting = false
  #failed = false
  #transactions = 0

  constructor(options: SimulatedLogOptions) {
    this.#options = options
    this.#start = options.disk.start
    this.#entries = options.disk.entries.slice()
  }

  get transactions(): number {
    return this.#transactions
  }

  /** As the member sees it, durable or not. */
  at(index: number): Entry | undefined {
    return this.#entries[index - this.#start.index - 1]
  }

  initialState(): ReturnType<DurableLog['initialState']> {
    const { disk } = this.#options
    return { hardState: disk.hardState, memberships: disk.memberships() }
  }

  firstIndex(): number {
    return this.#start.index + 1
  }

  lastIndex(): number {
    return this.#start.index + this.#entries.length
  }

  term(index: number): number {
    if (index === this.#start.index) return this.#start.term
    const entry = this.at(index)
    invariant(entry !== undefined, 'the term of an entry outside the log was asked for')
    return entry.term
  }

  entries(from: number, to: number, maxBytes: number): readonly Entry[] {
    invariant(from >= this.firstIndex() && to <= this.lastIndex() + 1, 'entries outside the log')
    const found: Entry[] = []
    let bytes = 0
    for (let index = from; index < to; index += 1) {
      const entry = this.at(index) as Entry
      bytes += entryBytes(entry)
      if (bytes > maxBytes && found.length > 0) break
      found.push(entry)
    }
    return found
  }

  append(write: LogWrite, onDurable: () => void): void {
    invariant(!this.#failed, 'a write was handed to a log that has failed')
    this.#options.onWrite(write)
    const { snapshot, entries } = write
    if (snapshot !== undefined) {
      this.#start = { index: snapshot.index, term: snapshot.term }
      this.#entries = []
    }
    const first = entries[0]?.index
    if (first !== undefined) {
      invariant(first <= this.lastIndex() + 1, 'a write leaves a gap in the log')
      this.#entries = [...this.#entries.slice(0, first - this.#start.index - 1), ...entries]
    }
    this.#waiting.push({ write, onDurable })
    this.#writeOn()
  }

  cut(index: number): void {
    if (index <= this.#start.index || index >= this.lastIndex()) return
    const term = this.term(index)
    this.#entries = this.#entries.slice(index - this.#start.index)
    this.#start = { index, term }
    this.#waiting.push({ cut: index })
    this.#writeOn()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** All that waits is one transaction, as in the real one's group commit. */
  #writeOn(): void {
    if (this.#isWriting || this.#failed || this.#waiting.length === 0) return
    this.#isWriting = true
    const { disk, transact } = this.#options
    const group = this.#waiting
    transact(() => {
      for (const operation of group) {
        if ('write' in operation) disk.write(operation.write)
        else disk.cut(operation.cut)
      }
    }).then(
      () => this.#complete(group),
      (error: unknown) => this.#fail(error),
    )
    this.#waiting = []
  }

  #complete(group: readonly Operation[]): void {
    this.#isWriting = false
    this.#transactions += 1
    for (const operation of group) if ('write' in operation) operation.onDurable()
    this.#writeOn()
  }

  #fail(cause: unknown): void {
    this.#failed = true
    this.#options.onFatal(new Error('the log can no longer be written', { cause }))
  }
}
