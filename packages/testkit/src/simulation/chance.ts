/**
 * Chance, by name. Every concern of a run draws from a stream of its own, which the seed and the
 * stream's name decide alone: taking one fault or one client away leaves the draws of all others as
 * they were, and so a failing run can be cut down (TigerBeetle's VOPR; swarm testing).
 */

const UINT32_RANGE = 0x1_0000_0000

export class Chance {
  readonly #name: string
  #state: number

  constructor(name: string) {
    this.#name = name
    this.#state = hash32(name)
  }

  /** A stream of its own, whatever this one has drawn. */
  stream(...names: readonly (string | number)[]): Chance {
    return new Chance([this.#name, ...names].join('/'))
  }

  /** In [0, 1). */
  next(): number {
    return this.uint32() / UINT32_RANGE
  }

  /** mulberry32 */
  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound)
  }

  between(from: number, to: number): number {
    return from + this.next() * (to - from)
  }

  /** Positive, with this mean: many small ones and few large. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean
  }

  happens(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)]
    if (picked === undefined) throw new Error('there is nothing to pick from')
    return picked
  }

  /** Some of them, in a random order. */
  sample<T>(from: readonly T[], count: number): readonly T[] {
    const left = [...from]
    return Array.from({ length: Math.min(count, left.length) }, () => {
      const [one] = left.splice(this.below(left.length), 1)
      return one as T
    })
  }

  /** Letters and digits. */
  text(length: number): string {
    const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
    return Array.from({ length }, () => letters[this.below(letters.length)]).join('')
  }
}

/** FNV-1a, with a last mix so that names that differ in their last letter draw differently. */
function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
