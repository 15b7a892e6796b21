/**
 * The lease of a session that was lost because nobody confirmed its keepalives. The server may keep
 * it much longer than its TTL, since each new leader counts anew, and keeps all others out of what it
 * held. So it is revoked, once its holders have had the time to stop that they would have had without
 * that: in the background, for a while, and in vain if need be, since it expires in the end.
 *
 * Only monotonic time counts here. It stands still while the machine sleeps, and makes this late; the
 * wall clock, set forward, would make it early.
 */

import { HoldfastError, routes } from '@holdfast/protocol'
import type { Rpc } from '../rpc/rpc.js'
import { pause } from '../time/scope.js'

/** With the time that each takes, and the pauses in between, some minutes. */
const ATTEMPTS = 8

export interface AbandonedLease {
  readonly id: string
  /** Until it may be revoked, and then between two attempts. */
  readonly delayMs: number
  readonly pauseMs: number
}

/** Never rejects; ends with the client, and does not keep the process alive. */
export async function revokeLater(rpc: Rpc, lease: AbandonedLease): Promise<void> {
  using scope = rpc.scope({})
  const { signal } = scope
  const background = { background: true }
  try {
    await pause(rpc.clock, lease.delayMs, signal, background)
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (await isRevoked(rpc, lease.id, signal)) return
      await pause(rpc.clock, lease.pauseMs, signal, background)
    }
  } catch {
    // The client was closed.
  }
}

/** True also when there is nothing left to revoke, or no way to. */
async function isRevoked(rpc: Rpc, id: string, signal: AbortSignal): Promise<boolean> {
  try {
    await rpc.ask(routes.leaseRevoke, { id }, { repetition: 'repeatable', signal })
    return true
  } catch (error) {
    return !(error instanceof HoldfastError && error.retryable)
  }
}
