/**
 * The one error class that users of Holdfast meet, and its closed set of codes. A code is gRPC's
 * where nothing finer is worth telling apart, and a name of its own where a program decides by it.
 *
 * Every error says two things besides its code: whether trying again can help (`retryable`), and
 * whether the request may have taken effect (`outcome`).
 */

import { grpcStatus, type GrpcCode } from './grpc-status.js'

/** Codes that are finer than gRPC's, and the gRPC code each belongs to. */
const finerCodes = Object.freeze({
  /** The revision asked for is no longer in the history. */
  compacted: 11,
  /** The revision asked for does not exist yet. */
  futureRevision: 11,
  /** The lease has expired, was revoked, or never was. */
  leaseNotFound: 5,
  /** The cluster cannot agree on anything now: no leader, or no majority within reach. */
  noQuorum: 14,
  /** No endpoint could be reached, or the connection broke. */
  connectionFailed: 14,
  /** The time that the caller allowed is over. */
  timeout: 4,
  /** The caller's signal aborted it. */
  aborted: 1,
  /** The lock was not free within the time allowed; the contender has left the queue. */
  acquireTimeout: 4,
  /** A held lock or leadership ended without being given up. */
  lockLost: 10,
  /** The session's lease ended, and all that it held with it. */
  sessionLost: 10,
  /** The server can no longer tell whether this request id took effect. */
  requestIdExpired: 9,
  /** The client, or what was used of it, is closed. */
  closed: 9,
  /** The other side does not speak this protocol. */
  badResponse: 13,
} as const)

type GrpcCodeName = Exclude<keyof typeof grpcStatus, 'aborted'>
/** The closed set of codes. */
export type HoldfastErrorCode = GrpcCodeName | keyof typeof finerCodes

/** `unknown`: the request may have taken effect, or may still do so. */
export type ErrorOutcome = 'not-applied' | 'unknown'

export interface HoldfastErrorOptions {
  readonly retryable?: boolean
  /** Default `unknown`: what is not proven is not claimed. */
  readonly outcome?: ErrorOutcome
  readonly cause?: unknown
}

/**
 * What every operation of Holdfast rejects with.
 *
 * @example
 * ```ts
 * try {
 *   await holdfast.kv.put('config/rate', '10')
 * } catch (error) {
 *   if (error instanceof HoldfastError && error.outcome === 'unknown') await readItBack()
 *   else throw error
 * }
 * ```
 */
export class HoldfastError extends Error {
  override readonly name: string = 'HoldfastError'
  readonly code: HoldfastErrorCode
  /** Whether the same request may succeed later. Writes also need `outcome` to be `not-applied`. */
  readonly retryable: boolean
  /** Whether the request is known to have had no effect. */
  readonly outcome: ErrorOutcome

  constructor(code: HoldfastErrorCode, message: string, options: HoldfastErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    this.outcome = options.outcome ?? 'unknown'
  }

  /** The gRPC code, which is the `code` of an error on the wire. */
  get grpcCode(): GrpcCode {
    return grpcCodeOf(this.code)
  }
}

/** The gRPC code to which one of Holdfast's belongs. */
export function grpcCodeOf(code: HoldfastErrorCode): GrpcCode {
  return code in finerCodes
    ? finerCodes[code as keyof typeof finerCodes]
    : grpcStatus[code as GrpcCodeName].code
}

/** The requested history is gone: start again from a fresh read. */
export class CompactedError extends HoldfastError {
  override readonly name = 'CompactedError'
  /** The oldest revision that can still be read; undefined if the server did not say. */
  readonly compactRevision: number | undefined

  constructor(compactRevision: number | undefined, message: string) {
    super('compacted', message, { outcome: 'not-applied' })
    this.compactRevision = compactRevision
  }
}
