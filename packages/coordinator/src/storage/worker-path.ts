/**
 * Where the compiled code of a worker thread is. Resolved through the package's `imports`, because
 * a worker needs JavaScript also when its starter runs from TypeScript sources, as tests do.
 */

import { createRequire } from 'node:module'

const { resolve } = createRequire(import.meta.url)

export function workerPath(name: '#raft-log-worker' | '#checkpoint-worker'): string {
  return resolve(name)
}
