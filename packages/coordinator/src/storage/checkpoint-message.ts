/** What main thread and checkpoint worker say to each other, and the flag that both can see. */

import type { StateCopy } from './copy-state.js'

export type FromCheckpointWorker =
  | { readonly type: 'ready' }
  /** Asks that nothing be written until `released`. */
  | { readonly type: 'hold' }
  /** The state is durable up to this index of the log. */
  | { readonly type: 'released'; readonly durableIndex: number }
  | { readonly type: 'copied'; readonly copy: StateCopy }
  | { readonly type: 'notCopied'; readonly reason: string; readonly isDiskFull: boolean }
  /** Nothing was copied: this page, from 0, is another one than the last checkpoint has left. */
  | { readonly type: 'damaged'; readonly page: number }

export type ToCheckpointWorker =
  | { readonly type: 'held'; readonly appliedIndex: number }
  /** Asks for a copy of the state as it is after the next checkpoint. One at a time. */
  | { readonly type: 'copy'; readonly to: string }
  | { readonly type: 'close' }

export interface CheckpointWorkerData {
  readonly path: string
  readonly limits: CheckpointLimits
  /** What to do with a member whose state is damaged. */
  readonly way: string
  /** One Int32: HELD from the answer to `hold` on, until the worker has finished. */
  readonly flag: SharedArrayBuffer
}

export interface CheckpointLimits {
  /** WAL bytes that start a checkpoint at once. */
  readonly walBytes: number
  /** Milliseconds after which anything in the WAL is copied. */
  readonly intervalMs: number
}

export const OPEN = 0
export const HELD = 1
