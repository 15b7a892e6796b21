/**
 * A worker thread that ends only when it is told to. If it ends otherwise, the disk that it wrote to
 * can no longer be trusted, and its starter is told once.
 */

import { once } from 'node:events'
import type { Transferable, Worker } from 'node:worker_threads'
import { startWorker, type WorkerName } from './start-worker.js'

export interface SupervisedWorkerOptions<In> {
  readonly name: WorkerName
  readonly data: unknown
  /** Asks the worker to end. */
  readonly farewell: In
}

/** `In` is what the worker is told, `Out` what it tells. */
export class SupervisedWorker<In, Out> {
  readonly #worker: Worker
  readonly #farewell: In
  readonly #exited: Promise<void>
  #onDied: (reason: unknown) => void = () => undefined
  #state: 'open' | 'closing' | 'failed' = 'open'

  /**
   * Resolves at the worker's first message, which says no more than that it is ready.
   * @throws what ended the worker before that
   */
  static async start<In, Out>(
    options: SupervisedWorkerOptions<In>,
  ): Promise<SupervisedWorker<In, Out>> {
    const worker = startWorker(options.name, options.data)
    await once(worker, 'message')
    return new SupervisedWorker(worker, options.farewell)
  }

  private constructor(worker: Worker, farewell: In) {
    this.#worker = worker
    this.#farewell = farewell
    worker.on('error', (error) => this.#fail(error))
    this.#exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        if (this.#state !== 'closing') this.#fail(new Error(`it exited with code ${code}`))
        resolve()
      })
    })
  }

  get state(): 'open' | 'closing' | 'failed' {
    return this.#state
  }

  /** To be called once, at once. Nothing is told after the worker has died. */
  listen(onMessage: (message: Out) => void, onDied: (reason: unknown) => void): void {
    this.#onDied = onDied
    this.#worker.on('message', (message: Out) => {
      if (this.#state !== 'failed') onMessage(message)
    })
  }

  post(message: In, moved: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, moved)
  }

  /** Resolves when the worker has completed what it was told before, and has ended. */
  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing'
      this.post(this.#farewell)
    }
    await this.#exited
  }

  #fail(reason: unknown): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    this.#onDied(reason)
  }
}
