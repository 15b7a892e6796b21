/**
 * The errors that only the SDK knows, each a HoldfastError, each a class of its own because it
 * carries data that a program decides by.
 */

import { HoldfastError } from '@holdfast/protocol'
import type { LockHolder } from './lock/holder.js'
import { inMs } from './time/in-ms.js'

/**
 * Why a hold ended.
 * - `expired`: the server no longer knows the session's lease: it expired there, or was revoked.
 * - `unconfirmed`: no keepalive was confirmed in time, so the lease may have expired by now.
 * - `deleted`: somebody deleted the key that stands for the hold.
 * - `released`: it was released, or resigned, here.
 * - `closed`: the client was closed.
 */
export type LossReason = 'expired' | 'unconfirmed' | 'deleted' | 'released' | 'closed'

const lossTexts: Readonly<Record<LossReason, string>> = {
  expired: 'the lease of the session is gone',
  unconfirmed: 'no keepalive was confirmed in time',
  deleted: 'its key was deleted',
  released: 'it was released',
  closed: 'the client was closed',
}

/**
 * A lock, a leadership or a claim is no longer held. It is the reason of the `signal` of each, and
 * what their methods reject with afterwards.
 */
export class LockLostError extends HoldfastError {
  override readonly name = 'LockLostError'
  readonly reason: LossReason
  /** The name of what was held. */
  readonly lockName: string

  constructor(lockName: string, reason: LossReason, cause?: unknown) {
    super('lockLost', `${lockName} is not held any more: ${lossTexts[reason]}`, {
      outcome: 'not-applied',
      cause,
    })
    this.reason = reason
    this.lockName = lockName
  }
}

/** The session ended, and with it all that it held. A later use begins a new one. */
export class SessionLostError extends HoldfastError {
  override readonly name = 'SessionLostError'
  readonly reason: LossReason

  constructor(reason: LossReason, cause?: unknown) {
    super('sessionLost', `the session ended: ${lossTexts[reason]}`, {
      retryable: true,
      outcome: 'not-applied',
      cause,
    })
    this.reason = reason
  }
}

/**
 * The caller's own time is over and others had the lock, or the leadership. The contender has left the
 * queue. A cluster that did not answer is not this, but `noQuorum`, `connectionFailed` or `timeout`.
 */
export class AcquireTimeoutError extends HoldfastError {
  override readonly name = 'AcquireTimeoutError'
  readonly lockName: string
  /** Who had it when the time was over, as far as they said, and as far as that could be asked. */
  readonly holder: LockHolder | undefined

  constructor(lockName: string, timeoutMs: number, holder: LockHolder | undefined) {
    super('acquireTimeout', `${lockName} was not free within ${inMs(timeoutMs)}`, {
      retryable: true,
      outcome: 'not-applied',
    })
    this.lockName = lockName
    this.holder = holder
  }
}
