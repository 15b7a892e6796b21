/** One watch: what it wants, and how far it has been told. */

import type { KeySelector, KeyValue } from '../state-machine/operation.js'
import type { StoreEvent } from '../state-machine/outcome.js'

export interface WatchRequest extends KeySelector {
  /** 0: from the next revision on. */
  readonly startRevision: number
  readonly prevKv: boolean
  readonly progressNotify: boolean
  readonly skipPuts: boolean
  readonly skipDeletes: boolean
}

export interface WatchedEvent {
  readonly event: StoreEvent
  /** Only when asked for, and still kept. */
  readonly prevKv: KeyValue | undefined
}

/**
 * What a watcher is told. All events of a revision stand in one message, so `revision` is a
 * bookmark: everything up to it that the watcher wanted has been sent on this stream.
 */
export type WatchMessage =
  | { readonly type: 'events'; readonly revision: number; readonly events: readonly WatchedEvent[] }
  /** Nothing new up to `revision`. */
  | { readonly type: 'progress'; readonly revision: number }
  /** What it still wanted has been compacted away; nothing more follows. */
  | { readonly type: 'compacted'; readonly compactRevision: number }

/** Where a watcher's messages go: one direction, with a limit. */
export interface WatchSink {
  send(message: WatchMessage): void
  /** False while the reader is behind: nothing more may be sent until `WatchHub.resume`. */
  readonly writable: boolean
}

export class Watcher {
  readonly request: WatchRequest
  readonly sink: WatchSink
  /** Everything below it has been told, or was not wanted. */
  nextRevision: number
  /** Told live. Otherwise it is told from history until it has caught up. */
  synced: boolean
  /** Something was sent since the last progress notice. */
  active = false

  constructor(request: WatchRequest, sink: WatchSink, start: { next: number; synced: boolean }) {
    this.request = request
    this.sink = sink
    this.nextRevision = start.next
    this.synced = start.synced
  }

  wants(event: StoreEvent): boolean {
    if (event.kv.modRevision < this.nextRevision) return false
    return event.type === 'put' ? !this.request.skipPuts : !this.request.skipDeletes
  }
}
