/** All client processes of the demo, so that none is left behind however it ends. */

import { Worker, type WorkerOptions } from './worker.js'

export class Workers {
  readonly #workers: Worker[] = []
  readonly #ending: AbortSignal

  /** @param ending aborts when the demo is told to end: no process is started after that. */
  constructor(ending: AbortSignal) {
    this.#ending = ending
  }

  start(options: WorkerOptions): Worker {
    this.#ending.throwIfAborted()
    const worker = new Worker(options)
    this.#workers.push(worker)
    return worker
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()))
  }
}
