/**
 * The main thread's side of the checkpoints of state.db (checkpoint-worker.ts): when the worker asks
 * for it, writes are held until it says that they may go on.
 *
 * Who applies looks at `gate` and does something else meanwhile. Who does not is blocked in
 * `waitUntilReleased`, since a write at that moment would undo the guarantee.
 */

import {
  HELD,
  type CheckpointLimits,
  type CheckpointWorkerData,
  type FromCheckpointWorker,
  type ToCheckpointWorker,
} from './checkpoint-message.js'
import { invariant } from '@holdfast/raft'
import { CopyRefusal } from './copy-refusal.js'
import type { StateCopy } from './copy-state.js'
import { damagedPage } from './page-sums.js'
import { StorageError } from './storage-error.js'
import { SupervisedWorker } from './supervised-worker.js'

/** A restart reads at most this much of the WAL again; about a second of full load. */
const WAL_BYTES = 64 * 1024 * 1024
const INTERVAL_MS = 10_000
export const DEFAULT_CHECKPOINT_LIMITS: CheckpointLimits = {
  walBytes: WAL_BYTES,
  intervalMs: INTERVAL_MS,
}

/** Longer than the worker itself waits for a reader: 30 s in each of two passes. */
const MAX_BLOCKED_MS = 120_000

type CheckpointWorker = SupervisedWorker<ToCheckpointWorker, FromCheckpointWorker>

export interface CheckpointerOptions {
  readonly path: string
  readonly limits: CheckpointLimits
  /** What to do with a member whose state is damaged. */
  readonly way: string
  readonly appliedIndex: () => number
  readonly onFatal: (error: Error) => void
}

interface PendingCopy {
  readonly resolve: (copy: StateCopy) => void
  readonly reject: (error: Error) => void
}

export class Checkpointer {
  readonly #options: CheckpointerOptions
  readonly #worker: CheckpointWorker
  readonly #flag: Int32Array
  #gate: { readonly released: Promise<void>; readonly release: () => void } | undefined
  #durableIndex = 0
  #copying: PendingCopy | undefined

  /** Starts the worker and resolves when it has opened the database. */
  static async open(options: CheckpointerOptions): Promise<Checkpointer> {
    const { path, limits, way } = options
    const flag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    const workerData: CheckpointWorkerData = { path, limits, way, flag }
    const worker: CheckpointWorker = await SupervisedWorker.start({
      name: '#checkpoint-worker',
      data: workerData,
      farewell: { type: 'close' },
    })
    return new Checkpointer(options, worker, flag)
  }

  private constructor(
    options: CheckpointerOptions,
    worker: CheckpointWorker,
    flag: SharedArrayBuffer,
  ) {
    this.#options = options
    this.#worker = worker
    this.#flag = new Int32Array(flag)
    worker.listen(
      (message) => this.#receive(message),
      (reason) => this.#fail(reason),
    )
  }

  /** Pending while nothing may be written. */
  get gate(): Promise<void> | undefined {
    return this.#gate?.released
  }

  /** The checkpoint thread has died: nobody makes the state durable any more. */
  get hasFailed(): boolean {
    return this.#worker.state === 'failed'
  }

  /** Everything up to this index of the log survives a power loss without the log. */
  get durableIndex(): number {
    return this.#durableIndex
  }

  /**
   * Writes a copy of the state, as it is after a checkpoint that begins now. One at a time. Rejects
   * with a CopyRefusal when the worker ends before it is made, or has ended: what it is told then,
   * nobody hears.
   */
  copyState(to: string): Promise<StateCopy> {
    invariant(this.#copying === undefined, 'one copy of the state is made at a time')
    if (this.#worker.state !== 'open') {
      return Promise.reject(new CopyRefusal('closed', 'nobody makes copies of the state any more'))
    }
    return new Promise((resolve, reject) => {
      this.#copying = { resolve, reject }
      this.#worker.post({ type: 'copy', to })
    })
  }

  waitUntilReleased(): void {
    if (Atomics.load(this.#flag, 0) !== HELD) return
    if (Atomics.wait(this.#flag, 0, HELD, MAX_BLOCKED_MS) === 'timed-out') {
      throw new StorageError('writeFailed', 'the checkpoint of the state does not end')
    }
  }

  /** To be called when the state's own connection is closed. */
  async close(): Promise<void> {
    await this.#worker.close()
    this.#endCopy(({ reject }) => reject(new CopyRefusal('closed', 'the storage was closed')))
  }

  #receive(message: FromCheckpointWorker): void {
    if (message.type === 'hold' && this.#worker.state === 'open') this.#hold()
    if (message.type === 'released') this.#release(message.durableIndex)
    if (message.type === 'copied') this.#endCopy(({ resolve }) => resolve(message.copy))
    if (message.type === 'damaged') this.#endDamaged(message.page)
    if (message.type === 'notCopied') {
      const text = `the state could not be copied: ${message.reason}`
      const error = message.isDiskFull ? new CopyRefusal('noRoom', text) : new Error(text)
      this.#endCopy(({ reject }) => reject(error))
    }
  }

  #hold(): void {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    this.#gate = { released, release }
    Atomics.store(this.#flag, 0, HELD)
    this.#worker.post({ type: 'held', appliedIndex: this.#options.appliedIndex() })
  }

  #release(durableIndex: number): void {
    this.#durableIndex = durableIndex
    this.#gate?.release()
    this.#gate = undefined
  }

  #endCopy(end: (pending: PendingCopy) => void): void {
    const pending = this.#copying
    this.#copying = undefined
    if (pending !== undefined) end(pending)
  }

  #endDamaged(page: number): void {
    const { path, way, onFatal } = this.#options
    const error = damagedPage(path, page, way)
    this.#endCopy(({ reject }) => reject(error))
    onFatal(error)
  }

  #fail(cause: unknown): void {
    const error = new CopyRefusal('closed', 'the checkpoints have failed', { cause })
    this.#endCopy(({ reject }) => reject(error))
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `the state can no longer be made durable: ${reason}`
    this.#options.onFatal(new StorageError('writeFailed', message, { cause }))
  }
}
