/**
 * A small seeded generator (mulberry32). Its whole state is one number, so that a run replays from
 * its seed.
 *
 * Deviation: etcd draws election jitter from a process-wide source, which no test can replay.
 */

import { invariant } from './invariant.js'

const UINT32_RANGE = 0x1_0000_0000

export class Random {
  #state: number

  constructor(seed: number) {
    invariant(Number.isSafeInteger(seed), 'a seed is an integer')
    this.#state = seed >>> 0
  }

  /** The next integer in [0, bound), for 1 ≤ bound ≤ 2^32. */
  below(bound: number): number {
    invariant(bound >= 1 && bound <= UINT32_RANGE, 'a bound lies in [1, 2^32]')
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    const uint32 = (mixed ^ (mixed >>> 14)) >>> 0
    return Math.floor((uint32 / UINT32_RANGE) * bound)
  }
}
