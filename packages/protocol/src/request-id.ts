/**
 * Request ids, by which a server of Holdfast executes a retried write once. They travel in a header
 * that etcd ignores, and are sent only to servers that announce `idempotency-key` in `GET /version`.
 *
 * The id carries the newest revision its client had seen. Every earlier attempt was applied after
 * that revision, so a server that forgets ids by revision can tell "never seen" from "forgotten",
 * and refuses the latter with `requestIdExpired` rather than executing it again.
 */

import { limits } from './limits.js'

export const requestIdHeader = 'Idempotency-Key'

/**
 * Sent, as `true`, with each attempt whose predecessor may still be on its way. Its outcome is then
 * remembered even if it had no effect: the client is told that nothing was done, and what comes late
 * must not do it after all.
 */
export const requestRepeatedHeader = 'Idempotency-Repeated'

export interface RequestId {
  /** Unique to the request: the same in each attempt, and never used again. */
  readonly id: string
  readonly issuedAtRevision: number
}

const FORMAT = /^(0|[1-9][0-9]{0,15})-([A-Za-z0-9_-]{8,47})$/

/** The value of the header: `<issuedAtRevision>-<id>`. */
export function formatRequestId({ id, issuedAtRevision }: RequestId): string {
  return `${issuedAtRevision}-${id}`
}

/** Undefined when the header is not such a value. */
export function parseRequestId(header: string): RequestId | undefined {
  if (header.length > limits.maxRequestIdLength) return undefined
  const [, revision, id] = FORMAT.exec(header) ?? []
  if (revision === undefined || id === undefined) return undefined
  const issuedAtRevision = Number(revision)
  return Number.isSafeInteger(issuedAtRevision) ? { id, issuedAtRevision } : undefined
}
