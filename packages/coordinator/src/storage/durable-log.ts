/**
 * The Raft log for the main thread: hands writes to the worker, reads without waiting for it.
 *
 * Writes complete in the order in which they were handed over. A completion says nothing but that:
 * whoever passes `onDurable` binds it to the (term, index) that it wrote, because an older write can
 * complete when its entries have already been overwritten (catalogue 19).
 */

import {
  invariant,
  type Entry,
  type HardState,
  type LogStorage,
  type Snapshot,
} from '@holdfast/raft'
import { openConnection, type Connection } from './connection.js'
import type { DirectoryIdentity } from './directory-identity.js'
import {
  packEntries,
  type DurableMessage,
  type LogWorkerData,
  type ToLogWorker,
} from './log-message.js'
import { LogRows } from './log-rows.js'
import { LogTail } from './log-tail.js'
import type { StoredLog } from './raft-database.js'
import { StorageError } from './storage-error.js'
import { SupervisedWorker } from './supervised-worker.js'

export interface LogWrite {
  readonly hardState: HardState | undefined
  /** Takes the place of the whole log; the entries follow it. */
  readonly snapshot?: Snapshot | undefined
  readonly entries: readonly Entry[]
}

/** The Raft log on a worker thread. Reads are synchronous and never wait for a write. */
export interface DurableLog extends LogStorage {
  /**
   * Hands over one write and returns at once; `onDurable` is called, in the order of the calls,
   * when it has been fsynced. Writes that wait for the disk share one transaction and one fsync.
   */
  append(write: LogWrite, onDurable: () => void): void
  /**
   * Forgets the entries up to `index`, which a durable state holds. They can no longer be read when
   * this returns. At least one entry stays.
   */
  cut(index: number): void
  /** Transactions that have been committed, thus fsyncs: several writes share one. */
  readonly transactions: number
  close(): Promise<void>
}

export interface DurableLogOptions {
  readonly path: string
  readonly superblock: string
  readonly identity: DirectoryIdentity
  readonly stored: StoredLog
  readonly onFatal: (error: Error) => void
}

interface PendingWrite {
  readonly number: number
  /** Infinity if it has no entries. */
  readonly firstIndex: number
  readonly onDurable: () => void
}

type LogWorker = SupervisedWorker<ToLogWorker, DurableMessage>

export class WorkerLog implements DurableLog {
  readonly #stored: StoredLog
  readonly #onFatal: (error: Error) => void
  readonly #reader: Connection
  readonly #rows: LogRows
  readonly #tail: LogTail
  readonly #worker: LogWorker
  #pending: PendingWrite[] = []
  /** The place before the first entry. */
  #startIndex: number
  #startTerm: number
  #lastNumber = 0
  #transactions = 0

  /** Starts the worker and resolves when it has opened the log. */
  static async open(options: DurableLogOptions): Promise<WorkerLog> {
    const { path, superblock, identity } = options
    const workerData: LogWorkerData = { path, superblock, identity }
    const worker: LogWorker = await SupervisedWorker.start({
      name: '#raft-log-worker',
      data: workerData,
      farewell: { type: 'close' },
    })
    // Only now: the reader must not open the database while the worker may recover it.
    return new WorkerLog(options, worker)
  }

  private constructor({ path, stored, onFatal }: DurableLogOptions, worker: LogWorker) {
    this.#stored = stored
    this.#startIndex = stored.start.index
    this.#startTerm = stored.start.term
    this.#onFatal = onFatal
    this.#reader = openConnection(path, 'readonly')
    this.#rows = new LogRows(this.#reader)
    this.#tail = new LogTail(stored.lastIndex)
    this.#worker = worker
    worker.listen(
      (message) => this.#complete(message),
      (reason) => this.#fail(reason),
    )
  }

  get transactions(): number {
    return this.#transactions
  }

  initialState(): ReturnType<LogStorage['initialState']> {
    const { hardState, memberships } = this.#stored
    return { hardState, memberships }
  }

  firstIndex(): number {
    return this.#startIndex + 1
  }

  lastIndex(): number {
    return this.#tail.lastIndex
  }

  term(index: number): number {
    if (index === this.#startIndex) return this.#startTerm
    const isHere = index > this.#startIndex && index <= this.lastIndex()
    invariant(isHere, 'the term of an entry outside the log was asked for')
    const term = this.#tail.at(index)?.term ?? this.#rows.find(index)?.term
    invariant(
      term !== undefined,
      `the term of log entry ${index} was asked for, which is not there`,
    )
    return term
  }

  entries(from: number, to: number, maxBytes: number): readonly Entry[] {
    invariant(from >= this.firstIndex() && to <= this.lastIndex() + 1, 'entries outside the log')
    if (from >= to) return []
    const { firstIndex } = this.#tail
    if (from >= firstIndex) return this.#tail.read(from, to, maxBytes)
    const entries = this.#rows.read(from, Math.min(to, firstIndex), maxBytes)
    invariant(entries.length > 0, `log entry ${from} is missing`)
    return entries
  }

  append({ hardState, snapshot, entries }: LogWrite, onDurable: () => void): void {
    const { state } = this.#worker
    if (state === 'failed') throw writeFailed('it failed before')
    invariant(state === 'open', 'a write was handed to a closed log')
    if (snapshot !== undefined) {
      this.#tail.reset(snapshot.index)
      this.#startIndex = snapshot.index
      this.#startTerm = snapshot.term
    }
    this.#tail.append(entries)
    this.#lastNumber++
    const firstIndex = entries[0]?.index ?? Infinity
    this.#pending.push({ number: this.#lastNumber, firstIndex, onDurable })
    const packed = packEntries(entries)
    const number = this.#lastNumber
    const write = { type: 'write', number, hardState, snapshot, entries: packed } as const
    this.#worker.post(write, packed === undefined ? [] : [packed.data])
  }

  cut(index: number): void {
    if (index <= this.#startIndex || index >= this.lastIndex()) return
    this.#startTerm = this.term(index)
    this.#startIndex = index
    this.#tail.dropThrough(index)
    this.#worker.post({ type: 'cut', index })
  }

  /** Completes what has been handed over, then ends the worker. */
  async close(): Promise<void> {
    // Before the worker's connection, so that the worker's is the last and clears the WAL away.
    this.#reader.client.close()
    await this.#worker.close()
  }

  #complete({ number, transactions }: DurableMessage): void {
    this.#transactions = transactions
    const waiting = this.#pending.findIndex((write) => write.number > number)
    const durable = this.#pending.splice(0, waiting === -1 ? this.#pending.length : waiting)
    const durableBelow = this.#pending.reduce(
      (below, write) => Math.min(below, write.firstIndex),
      this.#tail.lastIndex + 1,
    )
    this.#tail.trim(durableBelow)
    for (const write of durable) write.onDurable()
  }

  #fail(error: unknown): void {
    this.#pending = []
    this.#onFatal(writeFailed(error instanceof Error ? error.message : String(error), error))
  }
}

function writeFailed(reason: string, cause?: unknown): StorageError {
  return new StorageError('writeFailed', `the log can no longer be written: ${reason}`, { cause })
}
