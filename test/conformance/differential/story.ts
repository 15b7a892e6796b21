/**
 * All that has happened to all keys, as one watch of everything was told, and from it how much any
 * other watch must be told: so nobody has to guess when a stream is complete.
 */

import { isDeepStrictEqual } from 'node:util'
import type { Referee } from '../referee.js'
import { eventsOf, toldEvent, type ToldEvent } from './told-event.js'
import { watchOverHttp, type Watched } from './watched.js'

export interface Interest {
  readonly key: string
  readonly rangeEnd: string
  readonly startRevision: number
  readonly filters: readonly string[]
}

type Json = Readonly<Record<string, unknown>>

/** Those that a watch with this interest is told. */
export function wanted(story: readonly ToldEvent[], interest: Interest): readonly ToldEvent[] {
  const { key: start, rangeEnd, startRevision, filters } = interest
  const key = start === '' ? '\0' : start
  const isWithin = (name: string): boolean => {
    if (rangeEnd === '') return name === key
    return name >= key && (rangeEnd === '\0' || name < rangeEnd)
  }
  return story.filter(
    ({ type, key: name, revision }) =>
      revision >= startRevision &&
      isWithin(name) &&
      !filters.includes(type === 'PUT' ? 'NOPUT' : 'NODELETE'),
  )
}

const EVERYTHING = JSON.stringify({
  create_request: { key: 'AA==', range_end: 'AA==', prev_kv: true },
})

/** A watch of everything on both servers, from the beginning. */
export class Story {
  readonly #etcd: Watched
  readonly #ours: Watched

  constructor({ etcd, ours }: Referee) {
    this.#etcd = watchOverHttp(etcd.url)
    this.#ours = watchOverHttp(ours.url)
    for (const watched of [this.#etcd, this.#ours]) watched.say(EVERYTHING)
  }

  /** Resolves when nothing will be missed. */
  async begun(): Promise<void> {
    const watches = [this.#etcd, this.#ours]
    while (watches.some(({ messages }) => messages.length === 0)) {
      const failed = watches.find(({ ending }) => ending !== undefined)
      if (failed !== undefined) throw new Error(`the watch of everything ended: ${failed.ending}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  get events(): readonly ToldEvent[] {
    return eventsOf(this.#etcd.messages).map(toldEvent)
  }

  isToldUpTo(revision: number): boolean {
    return [this.#etcd, this.#ours].every(({ messages }) => {
      const last = eventsOf(messages).at(-1)
      return last !== undefined && toldEvent(last).revision >= revision
    })
  }

  both(): { readonly etcd: readonly Json[]; readonly ours: readonly Json[] } {
    return { etcd: eventsOf(this.#etcd.messages), ours: eventsOf(this.#ours.messages) }
  }

  firstDifference(): { readonly etcd: unknown; readonly ours: unknown } {
    const { etcd, ours } = this.both()
    const at = etcd.findIndex((event, index) => !isDeepStrictEqual(event, ours[index]))
    return { etcd: etcd[at], ours: ours[at] }
  }

  leave(): void {
    this.#etcd.leave()
    this.#ours.leave()
  }
}
