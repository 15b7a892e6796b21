/**
 * The Raft log for the main thread: hands writes to the worker, reads without waiting for it.
 *
 * Writes complete in the order in which they were handed over. A completion says nothing but that:
 * whoever passes `onDurable` binds it to the (term, index) that it wrote, because an older write can
 * complete when its entries have already been overwritten (catalogue 19).
 */

import { invariant, type Entry, type HardState, type LogStorage } from '@holdfast/raft'
import { openConnection, type Connection } from './connection.js'
import { packEntries, type DurableMessage, type ToLogWorker } from './log-message.js'
import { LogRows } from './log-rows.js'
import { LogTail } from './log-tail.js'
import type { LogStart } from './raft-database.js'
import { StorageError } from './storage-error.js'
import { SupervisedWorker } from './supervised-worker.js'

export interface LogWrite {
  readonly hardState: HardState | undefined
  readonly entries: readonly Entry[]
}

/** The Raft log on a worker thread. Reads are synchronous and never wait for a write. */
export interface DurableLog extends LogStorage {
  /**
   * Hands over one write and returns at once; `onDurable` is called, in the order of the calls,
   * when it has been fsynced. Writes that wait for the disk share one transaction and one fsync.
   */
  append(write: LogWrite, onDurable: () => void): void
  /** Transactions that have been committed, thus fsyncs: several writes share one. */
  readonly transactions: number
  close(): Promise<void>
}

export interface DurableLogOptions {
  readonly path: string
  readonly start: LogStart
  readonly onFatal: (error: Error) => void
}

interface PendingWrite {
  readonly number: number
  /** Infinity if it has no entries. */
  readonly firstIndex: number
  readonly onDurable: () => void
}

type LogWorker = SupervisedWorker<ToLogWorker, DurableMessage>

const FIRST_INDEX = 1

export class WorkerLog implements DurableLog {
  readonly #start: LogStart
  readonly #onFatal: (error: Error) => void
  readonly #reader: Connection
  readonly #rows: LogRows
  readonly #tail: LogTail
  readonly #worker: LogWorker
  #pending: PendingWrite[] = []
  #lastNumber = 0
  #transactions = 0

  /** Starts the worker and resolves when it has opened the log. */
  static async open(options: DurableLogOptions): Promise<WorkerLog> {
    const worker: LogWorker = await SupervisedWorker.start({
      name: '#raft-log-worker',
      data: { path: options.path },
      farewell: { type: 'close' },
    })
    // Only now: the reader must not open the database while the worker may recover it.
    return new WorkerLog(options, worker)
  }

  private constructor({ path, start, onFatal }: DurableLogOptions, worker: LogWorker) {
    this.#start = start
    this.#onFatal = onFatal
    this.#reader = openConnection(path, 'readonly')
    this.#rows = new LogRows(this.#reader)
    this.#tail = new LogTail(start.lastIndex)
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
    return { hardState: this.#start.hardState, membership: this.#start.membership }
  }

  firstIndex(): number {
    return FIRST_INDEX
  }

  lastIndex(): number {
    return this.#tail.lastIndex
  }

  term(index: number): number {
    if (index === 0) return 0
    invariant(index <= this.lastIndex(), 'the term of an entry after the last was asked for')
    const term = this.#tail.at(index)?.term ?? this.#rows.find(index)?.term
    invariant(
      term !== undefined,
      `the term of log entry ${index} was asked for, which is not there`,
    )
    return term
  }

  entries(from: number, to: number, maxBytes: number): readonly Entry[] {
    invariant(from >= FIRST_INDEX && to <= this.lastIndex() + 1, 'entries outside the log')
    if (from >= to) return []
    const { firstIndex } = this.#tail
    if (from >= firstIndex) return this.#tail.read(from, to, maxBytes)
    const entries = this.#rows.read(from, Math.min(to, firstIndex), maxBytes)
    invariant(entries.length > 0, `log entry ${from} is missing`)
    return entries
  }

  append({ hardState, entries }: LogWrite, onDurable: () => void): void {
    const { state } = this.#worker
    if (state === 'failed') throw writeFailed('it failed before')
    invariant(state === 'open', 'a write was handed to a closed log')
    this.#tail.append(entries)
    this.#lastNumber++
    const firstIndex = entries[0]?.index ?? Infinity
    this.#pending.push({ number: this.#lastNumber, firstIndex, onDurable })
    const packed = packEntries(entries)
    const write = { type: 'write', number: this.#lastNumber, hardState, entries: packed } as const
    this.#worker.post(write, packed === undefined ? [] : [packed.data])
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
