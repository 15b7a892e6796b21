/** What goes over a watch of the wire (etcd §8.28 to §8.36), in the form that checkers read. */

import type {
  ChangeEvent,
  KeyInterval,
  KeyValue,
  WatchMessage,
  WatchRecord,
} from '@holdfast/testkit'

export interface WatchWish extends KeyInterval {
  readonly process: string
  readonly filters?: WatchRecord['filters']
  readonly prevKv: boolean
}

interface WireKv {
  readonly key: string
  readonly value?: string
  readonly create_revision?: string
  readonly mod_revision: string
  readonly version?: string
  readonly lease?: string
}

interface WireEvent {
  readonly type?: 'DELETE'
  readonly kv: WireKv
  readonly prev_kv?: WireKv
}

interface WireResult {
  readonly header: { readonly revision?: string }
  readonly created?: boolean
  readonly canceled?: boolean
  readonly compact_revision?: string
  readonly events?: readonly WireEvent[]
}

/** @param startRevision 0: from now on */
export function watchRequest(wish: WatchWish, startRevision: number): string {
  const { key, rangeEnd, filters = [], prevKv } = wish
  const request = {
    key: base64(key),
    ...(rangeEnd === undefined ? {} : { range_end: base64(rangeEnd) }),
    ...(startRevision === 0 ? {} : { start_revision: startRevision }),
    prev_kv: prevKv,
    filters: filters.map((filter) => (filter === 'noPut' ? 'NOPUT' : 'NODELETE')),
  }
  return JSON.stringify({ create_request: request })
}

/** The messages of a stream, until it ends, or ends with an error. */
export async function* watchMessages(response: Response): AsyncGenerator<WatchMessage> {
  for await (const line of linesOf(response)) {
    const { result } = JSON.parse(line) as { readonly result?: WireResult }
    if (result === undefined) return
    yield toMessage(result)
  }
}

/** Of an event. */
export function revisionOf(event: ChangeEvent): number {
  return event.type === 'put' ? event.kv.modRevision : event.modRevision
}

function toMessage(result: WireResult): WatchMessage {
  const revision = Number(result.header.revision ?? 0)
  if (result.canceled === true) {
    const compactRevision = Number(result.compact_revision ?? 0)
    return { type: 'canceled', ...(compactRevision > 0 ? { compactRevision } : {}) }
  }
  if (result.created === true) return { type: 'created', revision }
  const events = (result.events ?? []).map(toEvent)
  return events.length === 0 ? { type: 'progress', revision } : { type: 'events', revision, events }
}

function toEvent({ type, kv, prev_kv: before }: WireEvent): ChangeEvent {
  const previous = before === undefined ? {} : { prevKv: toKeyValue(before) }
  if (type === undefined) return { type: 'put', kv: toKeyValue(kv), ...previous }
  return { type: 'delete', key: text(kv.key), modRevision: Number(kv.mod_revision), ...previous }
}

function toKeyValue(kv: WireKv): KeyValue {
  return {
    key: text(kv.key),
    value: text(kv.value ?? ''),
    createRevision: Number(kv.create_revision ?? 0),
    modRevision: Number(kv.mod_revision),
    version: Number(kv.version ?? 0),
    ...(kv.lease === undefined || kv.lease === '0' ? {} : { lease: kv.lease }),
  }
}

const base64 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('base64')
const text = (encoded: string): string => Buffer.from(encoded, 'base64').toString('latin1')

async function* linesOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of response.body ?? []) {
    pending += decoder.decode(chunk as Uint8Array, { stream: true })
    for (let end = pending.indexOf('\n'); end !== -1; end = pending.indexOf('\n')) {
      yield pending.slice(0, end)
      pending = pending.slice(end + 1)
    }
  }
}
