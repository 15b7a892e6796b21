/**
 * Exactly-once writes (thesis §6.3): the outcome of each request that carried an id and had an effect
 * is kept in the state, so a retry is answered with it and has no other effect. What had none (a
 * refusal, a comparison that failed, a delete of nothing) may run again, and takes no room; unless
 * it is a repetition, of which an earlier attempt may come later: the client has been told by then that
 * nothing was done.
 *
 * Memory is bounded by count and bytes, and the oldest goes first, which every member decides alike.
 * What was forgotten must not run again, so a request is refused if it may have been. A write made
 * revision R of the store, and its client had seen less than R when it first sent it; so what was
 * forgotten at R is only taken for new by a client that had seen R, which cannot have sent it. A
 * repetition without effect may be of a client that had seen R, so it is forgotten as if it were of
 * R + 1; but not as long as the store is still at R, when nobody could write any more: 65,536 other
 * requests that make no revision would have to come between the two.
 *
 * A lease grant or revocation without keys, and a compaction, make no revision: once forgotten, such
 * a one may run again, and can then do no more than grant a lease that nobody keeps alive, or answer
 * that what it asks for has been done.
 *
 * count ≤ MAX_REMEMBERED_REQUESTS and bytes ≤ MAX_REMEMBERED_BYTES after each request.
 */

import type { RequestId } from './command.js'
import { decodeOutcome, encodeOutcome } from './outcome-codec.js'
import type { Outcome } from './outcome.js'
import type { Position, RequestStore } from './state-store.js'

/** Six seconds at 10,000 writes a second; a retry that comes later is refused, not run again. */
export const MAX_REMEMBERED_REQUESTS = 65_536
/** Outcomes of transactions that read can be as large as the values they read. */
export const MAX_REMEMBERED_BYTES = 64 * 1024 * 1024

export interface RequestLimits {
  readonly maxRequests: number
  readonly maxBytes: number
}

export const DEFAULT_REQUEST_LIMITS: RequestLimits = {
  maxRequests: MAX_REMEMBERED_REQUESTS,
  maxBytes: MAX_REMEMBERED_BYTES,
}

/** The answer to a request that must not run: what it gave before, or that nobody knows. */
export function recall(
  requests: RequestStore,
  request: RequestId,
  position: Position,
): Outcome | undefined {
  const remembered = requests.find(request.id)
  if (remembered !== undefined) return decodeOutcome(remembered)
  if (request.issuedAtRevision >= position.evictedRevision) return undefined
  return { ok: false, reason: 'requestIdExpired', revision: position.revision }
}

/** Remembers an outcome, forgets what is too much, and returns the new evicted revision. */
export function remember(
  requests: RequestStore,
  request: { readonly id: string; readonly outcome: Outcome; readonly hadEffect: boolean },
  position: Position,
  limits: RequestLimits,
): number {
  const outcome = encodeOutcome(request.outcome)
  const revision = position.revision + (request.hadEffect ? 0 : 1)
  requests.append({ id: request.id, revision, outcome })
  let evictedRevision = position.evictedRevision
  while (requests.count > limits.maxRequests || requests.bytes > limits.maxBytes) {
    const forgotten = Math.min(requests.removeOldest(), position.revision)
    evictedRevision = Math.max(evictedRevision, forgotten)
  }
  return evictedRevision
}
