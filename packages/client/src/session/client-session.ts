/** A session as its user sees it. */

import type { Session } from './session.js'

/**
 * The session that a client holds things by: one lease, kept alive as long as the client is open and
 * the cluster can be reached. A key that is put with `leaseId` vanishes when the session ends.
 */
export class ClientSession {
  readonly #session: Session

  /** @internal */
  constructor(session: Session) {
    this.#session = session
  }

  /** The lease's id, an int64 in decimal. */
  get leaseId(): string {
    return this.#session.leaseId
  }

  /**
   * Aborts with a SessionLostError when the session is lost, before the server can expire the lease.
   * It does not come back: ask the client for its session again.
   */
  get signal(): AbortSignal {
    return this.#session.signal
  }

  /** @throws {SessionLostError} when it is lost, by the clock if a timer is late. */
  assertAlive(): void {
    this.#session.assertAlive()
  }
}
