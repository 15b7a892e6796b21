/** Keys in the order of their bytes, for interval reads: each change finds its place by halving. */

import { isInInterval, type KeyInterval } from './kv-operation.js'

export class SortedKeys {
  readonly #keys: string[] = []

  add(key: string): void {
    const at = this.#placeOf(key)
    if (this.#keys[at] !== key) this.#keys.splice(at, 0, key)
  }

  delete(key: string): void {
    const at = this.#placeOf(key)
    if (this.#keys[at] === key) this.#keys.splice(at, 1)
  }

  within(interval: KeyInterval): readonly string[] {
    const from = this.#placeOf(interval.key)
    let to = from
    while (to < this.#keys.length && isInInterval(this.#keys[to] ?? '', interval)) to += 1
    return this.#keys.slice(from, to)
  }

  /** Where it is, or would be. */
  #placeOf(key: string): number {
    let [low, high] = [0, this.#keys.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keys[middle] ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
