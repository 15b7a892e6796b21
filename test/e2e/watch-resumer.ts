/**
 * A watch that goes on for ever: when its stream ends, however, the client resumes it right behind what
 * it was last told, or where the history begins if that is compacted.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { MemberProcess, WatchRecord } from '@holdfast/testkit'
import type { WatchWish } from './watch-message.js'
import { WireStream } from './watch-wire.js'

/** Between two attempts at a member that may be down. */
const PAUSE_MS = 50

export class ResumingWatch {
  readonly #wish: WatchWish
  readonly #places: readonly MemberProcess[]
  readonly #streams: WireStream[] = []
  readonly #running: Promise<void>
  #current: WireStream
  #mayResume: Promise<unknown> = Promise.resolve()
  #isOver = false

  /**
   * @param places where it goes one after the other; a single one: it always comes back
   * @param startRevision 0: from now on
   */
  constructor(wish: WatchWish, places: readonly MemberProcess[], startRevision = 0) {
    this.#wish = wish
    this.#places = places
    this.#current = this.#open(0, startRevision)
    this.#running = this.#run()
  }

  /** The first revision that it has not been told; 0 until it has been created. */
  get next(): number {
    return this.#current.next
  }

  /** Of each stream on which it was told anything; the present one is the last. */
  get streams(): readonly WireStream[] {
    const all = this.#streams.includes(this.#current)
      ? this.#streams
      : [...this.#streams, this.#current]
    return all.filter(({ messages }) => messages.length > 0)
  }

  /** Leaves its stream, and resumes it when it may. */
  move(mayResume: Promise<unknown> = Promise.resolve()): void {
    this.#mayResume = mayResume
    this.#current.leave()
  }

  /** @param completeTo all up to this revision must have been told */
  async end(completeTo: number): Promise<WatchRecord> {
    this.#isOver = true
    this.#current.leave()
    await this.#running
    const { process, key, rangeEnd, filters, prevKv } = this.#wish
    return {
      ...{ kind: 'watch', process, key, prevKv, completeTo },
      streams: this.streams.map(({ startRevision, messages }) => ({ startRevision, messages })),
      ...(rangeEnd === undefined ? {} : { rangeEnd }),
      ...(filters === undefined ? {} : { filters }),
    }
  }

  async #run(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      await this.#current.ended
      this.#current.leave()
      this.#streams.push(this.#current)
      if (this.#isOver) return
      await this.#mayResume
      await delay(PAUSE_MS)
      this.#current = this.#open(attempt, this.next)
    }
  }

  #open(attempt: number, startRevision: number): WireStream {
    const place = this.#places[attempt % this.#places.length]
    if (place === undefined) throw new Error('a watch needs a member')
    return new WireStream(place.clientUrl, this.#wish, startRevision)
  }
}
