/** What a watcher was told: one watch, and the streams that carried it one after the other. */

import type { ChangeEvent } from './change-log.js'
import type { KeyInterval } from './kv-operation.js'

export interface WatchRecord extends KeyInterval {
  readonly kind: 'watch'
  readonly process: string
  readonly filters?: readonly ('noPut' | 'noDelete')[]
  readonly prevKv?: boolean
  /** The first, and then each that went on where the one before had broken off. */
  readonly streams: readonly WatchStream[]
  /**
   * The recorder has waited until everything up to this revision should have been told, and has asked
   * again, after a cancellation too, unless that named a compact revision.
   */
  readonly completeTo?: number
}

export interface WatchStream {
  /** 0: from the revision after the one with which the stream was created. */
  readonly startRevision: number
  readonly messages: readonly WatchMessage[]
}

export type WatchMessage =
  | { readonly type: 'created'; readonly revision: number }
  | {
      readonly type: 'events'
      /** Of the header. */
      readonly revision: number
      readonly events: readonly ChangeEvent[]
    }
  | { readonly type: 'progress'; readonly revision: number }
  /** With a compact revision if it is because of that. */
  | { readonly type: 'canceled'; readonly compactRevision?: number }
