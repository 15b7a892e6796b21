/** Finds the watchers of a key: by the key itself, or by each distinct interval that is watched. */

import { keyText } from '../state-machine/key-text.js'
import type { Watcher } from './watcher.js'

const OPEN_END = '\0'

interface WatchedInterval {
  readonly from: string
  /** Exclusive; undefined: without end. */
  readonly to: string | undefined
  readonly watchers: Set<Watcher>
}

export class WatcherIndex {
  readonly #byKey = new Map<string, Set<Watcher>>()
  /** Watchers of one interval share a place, so that 10,000 on a prefix cost one comparison. */
  readonly #byInterval = new Map<string, WatchedInterval>()

  add(watcher: Watcher): void {
    this.#placeOf(watcher).add(watcher)
  }

  remove(watcher: Watcher): void {
    const place = this.#placeOf(watcher)
    place.delete(watcher)
    if (place.size > 0) return
    const { from, end } = this.#bounds(watcher)
    if (end === '') this.#byKey.delete(from)
    else this.#byInterval.delete(`${from.length}:${from}${end}`)
  }

  *watchersOf(key: Uint8Array): Iterable<Watcher> {
    const text = keyText(key)
    yield* this.#byKey.get(text) ?? []
    for (const { from, to, watchers } of this.#byInterval.values()) {
      if (text >= from && (to === undefined || text < to)) yield* watchers
    }
  }

  #bounds(watcher: Watcher): { from: string; end: string } {
    return { from: keyText(watcher.request.key), end: keyText(watcher.request.rangeEnd) }
  }

  #placeOf(watcher: Watcher): Set<Watcher> {
    const { from, end } = this.#bounds(watcher)
    if (end === '') {
      const place = this.#byKey.get(from) ?? new Set()
      this.#byKey.set(from, place)
      return place
    }
    const name = `${from.length}:${from}${end}`
    const interval = this.#byInterval.get(name) ?? {
      from,
      to: end === OPEN_END ? undefined : end,
      watchers: new Set(),
    }
    this.#byInterval.set(name, interval)
    return interval.watchers
  }
}
