/**
 * Keeps retries from becoming a storm: all requests of a client together retry at a rate of at most
 * a tenth of their successes, plus a few a second so that a quiet client still finds its way. Who is
 * over the budget waits for his turn; nobody fails for it.
 *
 * Source: gRPC's retry throttling (A6), paced instead of refused.
 */

import type { Clock } from '../time/clock.js'

const PER_SUCCESS = 0.1
const PER_SECOND = 10
/** What may be saved up: a failover of a hundred requests in flight goes at once. */
const MAX_TOKENS = 100

export class RetryBudget {
  readonly #clock: Clock
  #tokens = MAX_TOKENS
  #refilledAt: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#refilledAt = clock.now().monotonicMs
  }

  succeeded(): void {
    this.#tokens = Math.min(MAX_TOKENS, this.#tokens + PER_SUCCESS)
  }

  /** Takes the right to one retry, and says how long to wait before using it. */
  takeMs(): number {
    const now = this.#clock.now().monotonicMs
    const refill = ((now - this.#refilledAt) / 1000) * PER_SECOND
    this.#refilledAt = now
    this.#tokens = Math.min(MAX_TOKENS, this.#tokens + refill) - 1
    return this.#tokens >= 0 ? 0 : (-this.#tokens / PER_SECOND) * 1000
  }
}
