/**
 * How long a loop waits for its next item. Only waiting counts, not what the loop does with an item;
 * and only an item starts the count anew, whatever else comes in between.
 */

import { HoldfastError } from '@holdfast/protocol'
import type { Clock } from './clock.js'
import { inMs } from './in-ms.js'
import { orAbort, Scope } from './scope.js'

export class Patience {
  readonly #clock: Clock
  readonly #timeoutMs: number
  #leftMs: number

  constructor(clock: Clock, timeoutMs = Infinity) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#leftMs = timeoutMs
  }

  /**
   * The promise's result. The promise itself goes on when the patience has run out, and may fail.
   *
   * @throws {HoldfastError} `timeout`
   */
  async wait<T>(promise: Promise<T>): Promise<T> {
    if (this.#timeoutMs === Infinity) return promise
    const clock = this.#clock
    const sinceMs = clock.now().monotonicMs
    using limit = new Scope(clock)
    limit.onDispose(clock.schedule(this.#leftMs, () => limit.abort(this.#runOut())))
    try {
      return await orAbort(promise, limit.signal)
    } finally {
      this.#leftMs = Math.max(0, this.#leftMs - (clock.now().monotonicMs - sinceMs))
    }
  }

  /** An item came. */
  renew(): void {
    this.#leftMs = this.#timeoutMs
  }

  #runOut(): HoldfastError {
    return new HoldfastError('timeout', `nothing came within ${inMs(this.#timeoutMs)}`, {
      outcome: 'not-applied',
    })
  }
}
