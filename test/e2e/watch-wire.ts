/** One stream of `/v3/watch` with one watch, and every message on it, in the form that checkers read. */

import type { ChangeEvent, KeyValue, WatchMessage, WatchStream } from '@holdfast/testkit'
import type { WatchWish } from './faults/wire-watcher.js'

interface WireKv {
  readonly key: string
  readonly value?: string
  readonly create_revision?: string
  readonly mod_revision: string
  readonly version?: string
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

export class WireStream implements WatchStream {
  readonly startRevision: number
  readonly messages: WatchMessage[] = []
  /** Resolves when the watch is cancelled, or its stream broke, was left or could not be begun. */
  readonly ended: Promise<void>
  readonly #leaving = new AbortController()
  #next: number

  /** @param startRevision 0: from now on */
  constructor(clientUrl: string, wish: WatchWish, startRevision: number) {
    this.startRevision = startRevision
    this.#next = startRevision
    this.ended = new Promise((resolve) => {
      const read = async (): Promise<void> => {
        for await (const result of this.#results(clientUrl, wish)) {
          const message = toMessage(result)
          this.messages.push(message)
          this.#next = Math.max(this.#next, nextAfter(message, startRevision))
          if (message.type === 'canceled') resolve()
        }
      }
      // Whatever ends it, what has been told so far is there.
      read().then(resolve, () => resolve())
    })
  }

  /** Where to resume: the first revision that has not been told. 0 until there is one. */
  get next(): number {
    return this.#next
  }

  leave(): void {
    this.#leaving.abort()
  }

  async *#results(clientUrl: string, wish: WatchWish): AsyncGenerator<WireResult> {
    const { key, rangeEnd, filters = [], prevKv } = wish
    const request = {
      key: base64(key),
      ...(rangeEnd === undefined ? {} : { range_end: base64(rangeEnd) }),
      ...(this.startRevision === 0 ? {} : { start_revision: this.startRevision }),
      prev_kv: prevKv,
      filters: filters.map((filter) => (filter === 'noPut' ? 'NOPUT' : 'NODELETE')),
    }
    const response = await fetch(`${clientUrl}/v3/watch`, {
      method: 'POST',
      body: JSON.stringify({ create_request: request }),
      signal: this.#leaving.signal,
    })
    for await (const line of linesOf(response)) {
      const { result } = JSON.parse(line) as { readonly result?: WireResult }
      if (result === undefined) return
      yield result
    }
  }
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

function nextAfter(message: WatchMessage, startRevision: number): number {
  switch (message.type) {
    case 'created':
      // What comes after it is told; a break before the first event must not lose it.
      return startRevision === 0 ? message.revision + 1 : 0
    case 'events':
      return 1 + Math.max(...message.events.map(revisionOf))
    case 'progress':
      return 0
    case 'canceled':
      return message.compactRevision ?? 0
  }
}

function revisionOf(event: ChangeEvent): number {
  return event.type === 'put' ? event.kv.modRevision : event.modRevision
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
