/** An item in the hands of a consumer. Its methods may be taken out of it. */

import type { WaitOptions } from '../time/scope.js'
import type { Claim, Claims } from './claim.js'
import type { Parcel } from './parcel.js'

/**
 * A message is the consumer's until it is acknowledged, given back, or lost with the session. What
 * is not acknowledged is delivered again: at least once, and to one consumer at a time.
 */
export class Message<T> implements AsyncDisposable {
  /** Stays the same when the message is delivered again. */
  readonly id: string
  readonly value: T
  /** How often it has been delivered, this time included. */
  readonly attempts: number
  readonly priority: number
  /** What it was pushed with, if anything. */
  readonly dedupeId: string | undefined
  readonly #claims: Claims
  readonly #claim: Claim
  readonly #maxAttempts: number

  /** @internal */
  constructor(claims: Claims, claim: Claim, options: { parcel: Parcel; maxAttempts: number }) {
    const { value, priority, dedupeId } = options.parcel
    this.#claims = claims
    this.#claim = claim
    this.#maxAttempts = options.maxAttempts
    this.id = claim.id
    this.value = value as T
    this.attempts = claim.attempts
    this.priority = priority
    this.dedupeId = dedupeId
  }

  /** Strictly increasing from one delivery of this message to the next. */
  get fencingToken(): number {
    return this.#claim.hold.createRevision
  }

  /** Aborts when the message is not this consumer's any more, also when it was settled. */
  get signal(): AbortSignal {
    return this.#claim.hold.signal
  }

  /**
   * The work is done: the message is removed.
   *
   * @throws {LockLostError} when it was not this consumer's any more: somebody will do it again.
   * @throws {HoldfastError} with outcome `unknown` when the cluster did not answer. It may be called
   * again.
   */
  readonly ack = (options: WaitOptions = {}): Promise<void> =>
    this.#claims.acknowledge(this.#claim, options)

  /**
   * The work failed: the message is free again at once, at its old place; or, after the last attempt,
   * it goes to the dead letters. It never rejects, and does nothing to a message that is settled.
   */
  readonly nack = async (): Promise<void> => {
    if (this.#claim.hold.signal.aborted) return
    if (this.attempts >= this.#maxAttempts) {
      try {
        await this.#claims.bury(this.#claim, {})
        return
      } catch {
        // Whoever claims it next finds that its attempts are used up.
      }
    }
    await this.#claims.giveBack(this.#claim)
  }

  /** Gives it back unless it is settled, so that `await using` cannot leave it behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.nack()
  }
}
