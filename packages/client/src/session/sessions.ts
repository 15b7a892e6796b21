/** The client's session: begun when first needed, shared by all, begun anew after a loss. */

import type { Rpc } from '../rpc/rpc.js'
import { closedError } from '../rpc/rpc.js'
import { orAbort } from '../time/scope.js'
import { Session } from './session.js'

/**
 * How long closing waits for a session that is just being begun. Nothing hangs on it yet, and the
 * lease of one that nobody ends expires.
 */
const BEGINNING_MS = 250

export class Sessions {
  readonly #rpc: Rpc
  readonly #ttlSeconds: number
  #current: Promise<Session> | undefined
  /** The newest that has begun. */
  #begun: Session | undefined
  #closed = false

  constructor(rpc: Rpc, ttlSeconds: number) {
    this.#rpc = rpc
    this.#ttlSeconds = ttlSeconds
  }

  /** A session that is alive. The signal ends this wait, not the beginning that others wait for. */
  async get(signal: AbortSignal): Promise<Session> {
    for (;;) {
      if (this.#closed) throw closedError()
      const pending = (this.#current ??= this.#begin())
      const session = await orAbort(pending, signal)
      if (session.alive) return session
      this.#forget(pending)
    }
  }

  /** Begins no more, and tells all holders. Their keys stay until `close`. */
  endHolds(): void {
    this.#closed = true
    this.#begun?.endHolds('closed')
  }

  /** Ends the session and gives up all it holds, even one that is just being begun. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed = true
    if (this.#current === undefined) return
    using limit = this.#rpc.scope({ timeoutMs })
    using beginning = this.#rpc.scope({ timeoutMs: BEGINNING_MS })
    try {
      const session = await orAbort(this.#current, beginning.signal)
      await session.revoke({ signal: limit.signal })
    } catch {
      // A lease that cannot be revoked in time expires.
    }
  }

  #begin(): Promise<Session> {
    const session = Session.begin(this.#rpc, this.#ttlSeconds)
    session.then(
      (begun) => (this.#begun = begun),
      () => this.#forget(session),
    )
    return session
  }

  /** Unless another has begun since. */
  #forget(session: Promise<Session>): void {
    if (this.#current === session) this.#current = undefined
  }
}
