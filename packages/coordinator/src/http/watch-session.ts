/**
 * The watches of one stream: ids, creation, cancellation and progress, in etcd's words
 * (etcd: v3rpc/watch.go).
 */

import {
  etcdErrors,
  watchCancelReasons,
  type WatchCreateRequest,
  type WatchRequest,
  type WatchResponseInput,
} from '@holdfast/protocol'
import type { WatchHub } from '../watch/watch-hub.js'
import type { Watcher, WatchMessage, WatchSink } from '../watch/watcher.js'
import { responseHeader, type EdgeContext } from './edge-context.js'
import type { LineStream } from './stream-lines.js'
import { fragmentsOf } from './watch-fragments.js'
import { watchText } from './watch-wire.js'

/** Watches on one stream; more are refused with `too many requests`. */
export const MAX_WATCHES_PER_STREAM = 10_000

const ALL_KEYS = new Uint8Array([0])
const NO_ID = -1

export class WatchSession {
  readonly #context: EdgeContext
  readonly #hub: WatchHub
  readonly #stream: Pick<LineStream, 'write' | 'writable'>
  /** Undefined for one that compaction has ended: its id stays taken until it is cancelled, as in etcd. */
  readonly #watchers = new Map<number, Watcher | undefined>()
  #nextId = 0

  constructor(context: EdgeContext, stream: Pick<LineStream, 'write' | 'writable'>) {
    this.#context = context
    this.#hub = context.hub
    this.#stream = stream
  }

  /** What asks for nothing, as a kind of request that a later etcd knows, is ignored, as in etcd. */
  handle({ createRequest, cancelRequest, progressRequest }: WatchRequest): void {
    if (createRequest !== undefined) this.#create(createRequest)
    else if (cancelRequest !== undefined) this.#cancel(cancelRequest.watchId)
    else if (progressRequest !== undefined) this.#progress()
  }

  onDrain(): void {
    for (const watcher of this.#living()) this.#hub.resume(watcher)
  }

  close(): void {
    for (const watcher of this.#living()) this.#hub.cancel(watcher)
    this.#watchers.clear()
  }

  #create(request: WatchCreateRequest): void {
    const refusal = this.#refusalOf(request)
    if (refusal !== undefined) {
      this.#write({ watchId: NO_ID, created: true, canceled: true, ...refusal })
      return
    }
    const watchId = this.#idFor(request.watchId)
    const { startRevision, prevKv, progressNotify, filters } = request
    const compactRevision = this.#context.node.state.compactRevision
    this.#write({ watchId, created: true })
    if (startRevision > 0 && startRevision < compactRevision) {
      this.#watchers.set(watchId, undefined)
      this.#writeCompacted(watchId, compactRevision)
      return
    }
    // `created` is on its way already, and the hub says nothing before the next turn.
    const watcher = this.#hub.create(
      {
        key: request.key.byteLength === 0 ? ALL_KEYS : request.key,
        rangeEnd: request.rangeEnd,
        startRevision,
        prevKv,
        progressNotify,
        skipPuts: filters.includes('NOPUT'),
        skipDeletes: filters.includes('NODELETE'),
      },
      this.#sinkOf(watchId, request.fragment),
    )
    this.#watchers.set(watchId, watcher)
  }

  #refusalOf({
    watchId,
    key,
    rangeEnd,
    startRevision,
  }: WatchCreateRequest): WatchResponseInput | undefined {
    if (this.#watchers.size >= MAX_WATCHES_PER_STREAM) {
      return { cancelReason: etcdErrors.tooManyRequests.message }
    }
    if (isEmptyInterval(key, rangeEnd)) return { cancelReason: watchCancelReasons.emptyRange }
    if (watchId !== 0 && this.#watchers.has(watchId)) {
      return { cancelReason: watchCancelReasons.duplicateId }
    }
    // etcd #20707: a negative start is answered as a compacted one.
    if (startRevision < 0) return { cancelReason: watchCancelReasons.compacted }
    return undefined
  }

  #idFor(requested: number): number {
    if (requested !== 0) return requested
    while (this.#watchers.has(this.#nextId)) this.#nextId += 1
    this.#nextId += 1
    return this.#nextId - 1
  }

  /** An unknown id is ignored. */
  #cancel(watchId: number): void {
    const watcher = this.#watchers.get(watchId)
    if (!this.#watchers.delete(watchId)) return
    if (watcher !== undefined) this.#hub.cancel(watcher)
    this.#write({ watchId, canceled: true })
  }

  /** Answered only when it is true of every watch of the stream. */
  #progress(): void {
    if (this.#living().every((watcher) => this.#hub.isCaughtUp(watcher)))
      this.#write({ watchId: NO_ID })
  }

  #living(): readonly Watcher[] {
    return [...this.#watchers.values()].filter((watcher) => watcher !== undefined)
  }

  #sinkOf(watchId: number, mayBeCut: boolean): WatchSink {
    const stream = this.#stream
    return {
      get writable() {
        return stream.writable
      },
      send: (message) => this.#send(watchId, message, mayBeCut),
    }
  }

  #send(watchId: number, message: WatchMessage, mayBeCut: boolean): void {
    if (message.type === 'compacted') {
      this.#watchers.set(watchId, undefined)
      this.#writeCompacted(watchId, message.compactRevision)
      return
    }
    const header = responseHeader(this.#context, message.revision)
    const events = message.type === 'events' ? message.events : []
    const parts = mayBeCut ? fragmentsOf(events) : [{ events, isLast: true }]
    for (const { events: some, isLast } of parts) {
      this.#stream.write(watchText({ header, watchId, fragment: !isLast }, some))
    }
  }

  /** Its header has no revision: there is none up to which the watcher has been told. */
  #writeCompacted(watchId: number, compactRevision: number): void {
    const { clusterId, memberId, node } = this.#context
    const header = { clusterId, memberId, raftTerm: node.status.term }
    this.#stream.write(watchText({ header, watchId, canceled: true, compactRevision }, []))
  }

  #write(response: WatchResponseInput): void {
    this.#stream.write(watchText({ header: responseHeader(this.#context), ...response }, []))
  }
}

function isEmptyInterval(key: Uint8Array, rangeEnd: Uint8Array): boolean {
  if (rangeEnd.byteLength === 0) return false
  if (rangeEnd.byteLength === 1 && rangeEnd[0] === 0) return false
  return Buffer.compare(key, rangeEnd) >= 0
}
