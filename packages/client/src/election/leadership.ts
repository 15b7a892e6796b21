/** Being the leader. Its methods may be taken out of it: `({ signal, proclaim }) => …`. */

import { LockLostError } from '../errors.js'
import type { Core } from '../core.js'
import { inspection } from '../inspection.js'
import type { Compare } from '../kv/compare.js'
import type { Value } from '../kv/keys.js'
import { op, runTxn } from '../kv/txn.js'
import type { Hold } from '../session/hold.js'
import type { WaitOptions } from '../time/scope.js'

/** A leadership that was won. It ends by `resign()`, or by loss; its `signal` tells of each. */
export class Leadership implements AsyncDisposable {
  readonly #core: Core
  readonly #hold: Hold

  /** @internal */
  constructor(core: Core, hold: Hold) {
    this.#core = core
    this.#hold = hold
  }

  /** The name of the election. */
  get name(): string {
    return this.#hold.name
  }

  /** The key that stands for this leadership; its value is what was proclaimed. */
  get key(): string {
    return this.#hold.key
  }

  /** Strictly increasing from one leader to the next. */
  get fencingToken(): number {
    return this.#hold.createRevision
  }

  /** Aborts when this leadership is over, before anyone else can be elected. */
  get signal(): AbortSignal {
    return this.#hold.signal
  }

  /** @throws {LockLostError} when the leadership is over, by the clock if the timer is late. */
  readonly assertHeld = (): void => {
    this.#hold.assertHeld()
  }

  /** A condition for a transaction, which holds exactly as long as nobody else can lead. */
  readonly guard = (): Compare => this.#hold.guard()

  /**
   * Announces a new value to all observers.
   *
   * @throws {LockLostError} when the leadership is over. Nothing was announced then.
   * @throws {HoldfastError} whose outcome may be `unknown`, as for any write.
   */
  readonly proclaim = async (value: Value, options: WaitOptions = {}): Promise<void> => {
    this.#hold.assertHeld()
    const { succeeded } = await runTxn(
      this.#core.rpc,
      { if: [this.guard()], then: [op.put(this.key, value, { ignoreLease: true })] },
      options,
    )
    if (succeeded) return
    this.#hold.lose('deleted')
    throw new LockLostError(this.name, 'deleted')
  }

  /** Gives the leadership to the next candidate. As `release()` of a lock, it never rejects. */
  readonly resign = (): Promise<void> => this.#hold.release()

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
