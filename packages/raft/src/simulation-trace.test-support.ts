/**
 * A run as one short word: the hash of every message, write, applied entry, answered read and change
 * of a status, in their order. Two runs of a seed that differ in anything differ in it.
 */

import { runSeed } from './simulation-seed.test-support.js'

const FNV_PRIME = 0x0100_0193

/** In 64 bits: two FNV-1a sums over the same text, from two beginnings. Not meant against an enemy. */
class TraceHash {
  #a = 0x811c_9dc5
  #b = 0x9747_b28c

  add(text: string): void {
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      this.#a = Math.imul(this.#a ^ code, FNV_PRIME)
      this.#b = Math.imul(this.#b ^ code ^ (at & 0xff), FNV_PRIME)
    }
  }

  toString(): string {
    return [this.#a, this.#b].map((sum) => (sum >>> 0).toString(16).padStart(8, '0')).join('')
  }
}

/** Of a run of this seed. What was violated, if anything, ends it and is a part of it. */
export function traceHash(seed: number, onStep: () => void = () => undefined): string {
  const hash = new TraceHash()
  try {
    runSeed(seed, (what, id, content) => {
      hash.add(`${what} ${id} ${JSON.stringify(content)}\n`)
      onStep()
    })
  } catch (error) {
    hash.add(String(error))
  }
  return hash.toString()
}
