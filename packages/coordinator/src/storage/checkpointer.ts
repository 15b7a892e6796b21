/**
 * The main thread's side of the checkpoints of state.db (checkpoint-worker.ts): when the worker asks
 * for it, writes are held until it says that they may go on.
 *
 * Who applies looks at `gate` and does something else meanwhile. Who does not is blocked in
 * `waitUntilReleased`, since a write at that moment would undo the guarantee.
 */

import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import {
  HELD,
  type CheckpointLimits,
  type CheckpointWorkerData,
  type FromCheckpointWorker,
  type ToCheckpointWorker,
} from './checkpoint-message.js'
import { StorageError } from './storage-error.js'
import { startWorker } from './start-worker.js'

/** A restart reads at most this much of the WAL again; about a second of full load. */
const WAL_BYTES = 64 * 1024 * 1024
const INTERVAL_MS = 10_000
export const DEFAULT_CHECKPOINT_LIMITS: CheckpointLimits = {
  walBytes: WAL_BYTES,
  intervalMs: INTERVAL_MS,
}

/** Longer than the worker itself waits for a reader. */
const MAX_BLOCKED_MS = 60_000

export interface CheckpointerOptions {
  readonly path: string
  readonly limits: CheckpointLimits
  readonly appliedIndex: () => number
  readonly onFatal: (error: Error) => void
}

export class Checkpointer {
  readonly #options: CheckpointerOptions
  readonly #worker: Worker
  readonly #flag: Int32Array
  readonly #exited: Promise<void>
  #gate: { readonly released: Promise<void>; readonly release: () => void } | undefined
  #durableIndex = 0
  #state: 'open' | 'closing' | 'failed' = 'open'

  /** Starts the worker and resolves when it has opened the database. */
  static async open(options: CheckpointerOptions): Promise<Checkpointer> {
    const { path, limits } = options
    const flag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    const workerData: CheckpointWorkerData = { path, limits, flag }
    const worker = startWorker('#checkpoint-worker', workerData)
    await once(worker, 'message')
    return new Checkpointer(options, worker, flag)
  }

  private constructor(options: CheckpointerOptions, worker: Worker, flag: SharedArrayBuffer) {
    this.#options = options
    this.#worker = worker
    this.#flag = new Int32Array(flag)
    this.#worker.on('message', (message: FromCheckpointWorker) => this.#receive(message))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        if (this.#state !== 'closing') this.#fail(new Error(`it exited with code ${code}`))
        resolve()
      })
    })
  }

  /** Pending while nothing may be written. */
  get gate(): Promise<void> | undefined {
    return this.#gate?.released
  }

  /** Everything up to this index of the log survives a power loss without the log. */
  get durableIndex(): number {
    return this.#durableIndex
  }

  waitUntilReleased(): void {
    if (Atomics.load(this.#flag, 0) !== HELD) return
    if (Atomics.wait(this.#flag, 0, HELD, MAX_BLOCKED_MS) === 'timed-out') {
      throw new StorageError('writeFailed', 'the checkpoint of the state does not end')
    }
  }

  /** To be called when the state's own connection is closed. */
  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing'
      this.#post({ type: 'close' })
    }
    await this.#exited
  }

  #receive(message: FromCheckpointWorker): void {
    if (message.type === 'hold' && this.#state === 'open') this.#hold()
    if (message.type === 'released') this.#release(message.durableIndex)
  }

  #hold(): void {
    let release = (): void => undefined
    const released = new Promise<void>((resolve) => (release = resolve))
    this.#gate = { released, release }
    Atomics.store(this.#flag, 0, HELD)
    this.#post({ type: 'held', appliedIndex: this.#options.appliedIndex() })
  }

  #release(durableIndex: number): void {
    this.#durableIndex = durableIndex
    this.#gate?.release()
    this.#gate = undefined
  }

  #post(message: ToCheckpointWorker): void {
    this.#worker.postMessage(message)
  }

  #fail(cause: unknown): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `the state can no longer be made durable: ${reason}`
    this.#options.onFatal(new StorageError('writeFailed', message, { cause }))
  }
}
