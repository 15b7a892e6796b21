/**
 * Starts the compiled code of a worker thread. It is found through the package's `imports`, because
 * a worker needs JavaScript also when its starter runs from TypeScript sources, as tests do.
 */

import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'

const { resolve } = createRequire(import.meta.url)

export type WorkerName = '#raft-log-worker' | '#checkpoint-worker'

export function startWorker(name: WorkerName, workerData: unknown): Worker {
  // Not the process's own flags: loaders, `--input-type` and the like are not meant for this code.
  return new Worker(resolve(name), { workerData, execArgv: [] })
}
