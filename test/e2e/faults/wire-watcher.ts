/**
 * A watch as the wire has it (etcd §8.28 to §8.36), of one member alone, with every message that comes.
 * When its stream breaks, it asks again right behind what it was told.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { ChangeEvent, KeyInterval, KeyValue, WatchRecord } from '@holdfast/testkit'
import { LAST_KEY } from './workload.js'

type Stream = WatchRecord['streams'][number]
type Message = Stream['messages'][number]

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

interface WireResult {
  readonly header: { readonly revision: string }
  readonly created?: boolean
  readonly canceled?: boolean
  readonly compact_revision?: string
  readonly events?: readonly {
    readonly type?: 'DELETE'
    readonly kv: WireKv
    readonly prev_kv?: WireKv
  }[]
}

/** A stream that says nothing for so long is given up; at the end there is something to say. */
const IDLE_MS = 2_000
const PAUSE_MS = 50

export class WireWatcher {
  readonly #url: string
  readonly #wish: WatchWish
  readonly #streams: { startRevision: number; messages: Message[] }[] = []
  /** The first revision that has not been told; 0 until one has been. */
  #next = 0
  #isDone = false

  constructor(endpoint: string, wish: WatchWish) {
    this.#url = `${endpoint}/v3/watch`
    this.#wish = wish
  }

  /** @returns what it was told, until it was told of the last key or was given up */
  async run(givenUp: AbortSignal): Promise<WatchRecord> {
    while (!this.#isDone && !givenUp.aborted) {
      try {
        await this.#watch(givenUp)
      } catch {
        // It broke, or was not even begun; what was told so far is kept.
      }
      await delay(PAUSE_MS)
    }
    const { process, key, rangeEnd, filters, prevKv } = this.#wish
    return {
      ...{ kind: 'watch', process, key, prevKv, streams: this.#streams },
      ...(rangeEnd === undefined ? {} : { rangeEnd }),
      ...(filters === undefined ? {} : { filters }),
    }
  }

  async #watch(givenUp: AbortSignal): Promise<void> {
    const idle = new AbortController()
    let timer = setTimeout(() => idle.abort(), IDLE_MS)
    const response = await fetch(this.#url, {
      ...{ method: 'POST', body: JSON.stringify({ create_request: this.#request() }) },
      headers: { 'grpc-metadata-hasleader': 'true' },
      signal: AbortSignal.any([idle.signal, givenUp]),
    })
    const stream: { startRevision: number; messages: Message[] } = {
      startRevision: this.#next,
      messages: [],
    }
    try {
      for await (const line of linesOf(response)) {
        clearTimeout(timer)
        timer = setTimeout(() => idle.abort(), IDLE_MS)
        const { result } = JSON.parse(line) as { readonly result?: WireResult }
        if (result === undefined) return
        if (stream.messages.length === 0) this.#streams.push(stream)
        stream.messages.push(...this.#take(result))
        if (result.canceled === true || this.#isDone) return
      }
    } finally {
      clearTimeout(timer)
      idle.abort()
    }
  }

  #request(): object {
    const { key, rangeEnd, filters = [], prevKv } = this.#wish
    return {
      key: base64(key),
      ...(rangeEnd === undefined ? {} : { range_end: base64(rangeEnd) }),
      ...(this.#next === 0 ? {} : { start_revision: this.#next }),
      prev_kv: prevKv,
      filters: filters.map((filter) => (filter === 'noPut' ? 'NOPUT' : 'NODELETE')),
    }
  }

  #take(result: WireResult): readonly Message[] {
    const revision = Number(result.header.revision)
    if (result.created === true && result.canceled !== true) {
      // What comes after the creation is told; a break before the first event must not lose it.
      if (this.#next === 0) this.#next = revision + 1
      return [{ type: 'created', revision }]
    }
    if (result.canceled === true) {
      const compacted = Number(result.compact_revision ?? 0)
      return [{ type: 'canceled', ...(compacted > 0 ? { compactRevision: compacted } : {}) }]
    }
    const events = (result.events ?? []).map(toEvent)
    if (events.length === 0) return [{ type: 'progress', revision }]
    const newest = Math.max(...(result.events ?? []).map(({ kv }) => Number(kv.mod_revision)))
    this.#next = Math.max(this.#next, newest + 1)
    this.#isDone = events.some(isLast)
    return [{ type: 'events', revision, events }]
  }
}

function isLast(event: ChangeEvent): boolean {
  return event.type === 'put' && event.kv.key === LAST_KEY
}

function toEvent({
  type,
  kv,
  prev_kv: before,
}: NonNullable<WireResult['events']>[number]): ChangeEvent {
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
