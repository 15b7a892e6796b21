/**
 * A watch as the wire has it (etcd §8.28 to §8.36), of one member alone, with every message that comes.
 * When its stream breaks, it asks again right behind what it was told.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { ChangeEvent, WatchMessage, WatchRecord } from '@holdfast/testkit'
import { revisionOf, watchMessages, watchRequest, type WatchWish } from '../watch-message.js'
import { LAST_KEY } from './workload.js'

/** A stream that says nothing for so long is given up; at the end there is something to say. */
const IDLE_MS = 2_000
const PAUSE_MS = 50

export class WireWatcher {
  readonly #url: string
  readonly #wish: WatchWish
  readonly #streams: { startRevision: number; messages: WatchMessage[] }[] = []
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
      ...{ method: 'POST', body: watchRequest(this.#wish, this.#next) },
      headers: { 'grpc-metadata-hasleader': 'true' },
      signal: AbortSignal.any([idle.signal, givenUp]),
    })
    const stream: { startRevision: number; messages: WatchMessage[] } = {
      startRevision: this.#next,
      messages: [],
    }
    try {
      for await (const message of watchMessages(response)) {
        clearTimeout(timer)
        timer = setTimeout(() => idle.abort(), IDLE_MS)
        if (stream.messages.length === 0) this.#streams.push(stream)
        stream.messages.push(message)
        this.#take(message)
        if (message.type === 'canceled' || this.#isDone) return
      }
    } finally {
      clearTimeout(timer)
      idle.abort()
    }
  }

  #take(message: WatchMessage): void {
    // What comes after the creation is told; a break before the first event must not lose it.
    if (message.type === 'created' && this.#next === 0) this.#next = message.revision + 1
    if (message.type !== 'events') return
    this.#next = Math.max(this.#next, 1 + Math.max(...message.events.map(revisionOf)))
    this.#isDone = message.events.some(isLast)
  }
}

function isLast(event: ChangeEvent): boolean {
  return event.type === 'put' && event.kv.key === LAST_KEY
}
