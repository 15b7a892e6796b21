/**
 * Something held: a key of ours that lives with the session's lease. Lock, leadership and claim are
 * each a hold with methods around it.
 *
 * A hold ends once, for one reason, and its signal aborts then, before anyone else can be granted
 * what it held. Nothing revives it: a new grant is a new hold with a new token.
 */

import { compare, type Compare } from '../kv/compare.js'
import { LockLostError, type LossReason } from '../errors.js'
import type { HeldKey } from './held-key.js'
import type { Session } from './session.js'

export interface HoldOptions {
  /** What is held, as its user calls it. */
  readonly name: string
  readonly key: string
  readonly createRevision: number
  /** Whether a request that creates the key may still be on its way. */
  readonly inDoubt: boolean
}

export class Hold implements HeldKey {
  readonly name: string
  readonly key: string
  /** The revision that created the key. Whoever holds next has a higher one. */
  readonly createRevision: number
  readonly session: Session
  readonly #controller = new AbortController()
  readonly #inDoubt: boolean
  #released: Promise<void> | undefined

  constructor(session: Session, options: HoldOptions) {
    this.session = session
    this.name = options.name
    this.key = options.key
    this.createRevision = options.createRevision
    this.#inDoubt = options.inDoubt
    session.register(this)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** @throws {LockLostError} when it is not held any more, by the clock if the timer is late. */
  assertHeld(): void {
    this.session.checkClock()
    if (this.signal.aborted) throw this.signal.reason
  }

  /** Holds in a transaction as long as the key is ours, whatever this process believes. */
  guard(): Compare {
    return compare.createRevision(this.key, '=', this.createRevision)
  }

  /**
   * It is gone: tells the one who relies on it. With reason `released` the key stays, and keeps others
   * out, until `release` is called: so that work can end in between.
   */
  lose(reason: LossReason, cause?: unknown): void {
    if (this.signal.aborted) return
    this.session.unregister(this)
    this.#controller.abort(new LockLostError(this.name, reason, cause))
  }

  /** Whether it ended by the will of who held it, and not by loss. */
  get wasReleased(): boolean {
    const reason: unknown = this.signal.reason
    return reason instanceof LockLostError && reason.reason === 'released'
  }

  /**
   * Gives it up. Resolves when the key is deleted, or when that has to go on in the background
   * because the cluster does not answer; never rejects. After a loss it does nothing.
   */
  release(): Promise<void> {
    return (this.#released ??= this.#release())
  }

  async #release(): Promise<void> {
    this.lose('released')
    if (!this.wasReleased) return
    const deleted = await this.session.deleteKey(this.key)
    // A late duplicate of the request that created the key would create it again.
    if (!deleted || this.#inDoubt) this.session.sweeper.add(this.key)
  }
}
