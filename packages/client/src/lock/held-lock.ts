/** A lock that was granted. Its methods may be taken out of it: `({ signal, guard }) => …`. */

import { inspection } from '../inspection.js'
import type { Compare } from '../kv/compare.js'
import type { Hold } from '../session/hold.js'

/**
 * A granted lock. It ends by `release()`, with the block of an `await using`, or by loss; its `signal`
 * tells of each.
 *
 * A lock alone cannot stop a holder that was paused and does not know it: give `fencingToken` to
 * what the lock protects, or use `guard()` in transactions.
 */
export class HeldLock implements AsyncDisposable {
  readonly #hold: Hold

  /** @internal */
  constructor(hold: Hold) {
    this.#hold = hold
  }

  get name(): string {
    return this.#hold.name
  }

  /** The key that stands for this hold. It is deleted when the hold ends. */
  get key(): string {
    return this.#hold.key
  }

  /**
   * Strictly increasing from one holder of this name to the next. Something that is given tokens, and
   * refuses one lower than it has seen, cannot be harmed by a holder that was paused.
   */
  get fencingToken(): number {
    return this.#hold.createRevision
  }

  /**
   * Aborts when the lock is not held any more, before anyone else can be granted it, with a
   * LockLostError as its reason. It also aborts on `release()`, with reason `released`.
   *
   * The deadline is watched by a timer, which is late after the event loop was blocked;
   * `assertHeld()` looks at the clock.
   */
  get signal(): AbortSignal {
    return this.#hold.signal
  }

  /** @throws {LockLostError} when the lock is not held any more. Use it before an effect that matters. */
  readonly assertHeld = (): void => {
    this.#hold.assertHeld()
  }

  /** A condition for a transaction, which holds exactly as long as nobody else can hold the lock. */
  readonly guard = (): Compare => this.#hold.guard()

  /**
   * Gives the lock to the next in the queue. Safe to call twice, and after a loss, when it does
   * nothing. It never rejects: if the cluster does not confirm within 5 s, it resolves and goes on
   * in the background.
   */
  readonly release = (): Promise<void> => this.#hold.release()

  /** For logs. */
  toJSON(): object {
    const { name, key, fencingToken } = this
    return { name, key, fencingToken }
  }

  /** @internal */
  [inspection](): object {
    return this.toJSON()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hold.release()
  }
}
