/**
 * Errors on the wire. Written as the union of what etcd's generations write, since clients of each
 * look for their own fields; read in every generation's form, and from answers that have none, such
 * as a proxy's page.
 *
 * What may have taken effect is decided here, once, from the code and the text.
 */

import { etcdErrors, readTooLarge, requestIdExpired, type EtcdError } from './etcd-errors.js'
import {
  grpcStatusName,
  grpcStatusOfHttp,
  httpStatusOf,
  type GrpcStatusName,
} from './grpc-status.js'
import { CompactedError, HoldfastError, type HoldfastErrorCode } from './holdfast-error.js'

/** Body of a refused request: `error` for clients of etcd ≤ 3.5, `message` for later ones. */
export interface ErrorBody {
  readonly error: string
  readonly code: number
  readonly message: string
}

export function encodeErrorBody({ code, message }: { code: number; message: string }): ErrorBody {
  return { error: message, code, message }
}

/** A line that ends a stream after its first result; `grpc_code` and others are etcd ≤ 3.5's. */
export interface StreamErrorBody {
  readonly error: {
    readonly grpc_code: number
    readonly http_code: number
    readonly http_status: string
    readonly code: number
    readonly message: string
  }
}

export function encodeStreamError(error: { code: number; message: string }): StreamErrorBody {
  const { http, httpText } = httpStatusOf(error.code)
  const { code, message } = error
  return { error: { grpc_code: code, http_code: http, http_status: httpText, code, message } }
}

/**
 * The error that an unsuccessful answer stands for.
 *
 * @param body the text of the answer, or what it parsed to.
 */
export function decodeError(status: number, body: unknown): HoldfastError {
  const json = typeof body === 'string' ? tryParse(body) : body
  const { code, message } = fieldsOf(json)
  const text = message ?? (typeof body === 'string' && body.trim() !== '' ? body.trim() : undefined)
  const name = code === undefined ? grpcStatusOfHttp(status) : grpcStatusName(code)
  return errorFrom(name, clip(text ?? `HTTP status ${status}`))
}

/** The error that a message of a stream stands for; undefined if it is not one. */
export function decodeStreamError(json: unknown): HoldfastError | undefined {
  if (!isRecord(json) || !isRecord(json['error'])) return undefined
  const { code, message } = fieldsOf(json['error'])
  return errorFrom(grpcStatusName(code ?? 2), message ?? 'the stream failed')
}

/** The error for one of etcd's by its code and text, as `decodeError` would give it. */
export function errorFromEtcd(error: EtcdError): HoldfastError {
  return errorFrom(grpcStatusName(error.code), error.message)
}

interface Judgement {
  readonly code?: HoldfastErrorCode
  readonly retryable: boolean
  readonly outcome: 'not-applied' | 'unknown'
}

const REFUSED: Judgement = { retryable: false, outcome: 'not-applied' }
const REFUSED_FOR_NOW: Judgement = { retryable: true, outcome: 'not-applied' }
const IN_DOUBT: Judgement = { retryable: true, outcome: 'unknown' }
const BROKEN: Judgement = { retryable: false, outcome: 'unknown' }

const byStatus: Readonly<Record<GrpcStatusName, Judgement>> = {
  canceled: IN_DOUBT,
  unknown: BROKEN,
  invalidArgument: REFUSED,
  deadlineExceeded: IN_DOUBT,
  notFound: REFUSED,
  alreadyExists: REFUSED,
  permissionDenied: REFUSED,
  resourceExhausted: REFUSED,
  failedPrecondition: REFUSED,
  aborted: REFUSED,
  outOfRange: REFUSED,
  unimplemented: REFUSED,
  internal: BROKEN,
  unavailable: IN_DOUBT,
  dataLoss: BROKEN,
  unauthenticated: REFUSED,
}

/**
 * Texts that say more than their code. `no leader` is said before a proposal is made, and a dropped
 * proposal never entered the log, so neither took effect; `leader changed` and the time-outs are said
 * of proposals that may yet be committed. etcd sends `too many requests` with code 2. `unhealthy cluster`
 * is said of a change of the membership that is not begun, because too few members are up for it.
 */
const byMessage = new Map<string, Judgement>([
  [etcdErrors.noLeader.message, { ...REFUSED_FOR_NOW, code: 'noQuorum' }],
  [etcdErrors.tooManyRequests.message, { ...REFUSED_FOR_NOW, code: 'resourceExhausted' }],
  [etcdErrors.notEnoughStarted.message, { ...REFUSED, code: 'failedPrecondition' }],
  [etcdErrors.unhealthy.message, { ...REFUSED, code: 'failedPrecondition' }],
  ['raft proposal dropped', { ...REFUSED_FOR_NOW, code: 'noQuorum' }],
  [etcdErrors.leaderChanged.message, { ...IN_DOUBT, code: 'noQuorum' }],
  [etcdErrors.timeout.message, { ...IN_DOUBT, code: 'noQuorum' }],
  [etcdErrors.timeoutDueToLeaderFail.message, { ...IN_DOUBT, code: 'noQuorum' }],
  [etcdErrors.timeoutDueToConnectionLost.message, { ...IN_DOUBT, code: 'noQuorum' }],
  [etcdErrors.timeoutLeaderTransfer.message, { ...IN_DOUBT, code: 'timeout' }],
  [etcdErrors.notSupportedForLearner.message, { ...REFUSED_FOR_NOW, code: 'unavailable' }],
  [etcdErrors.leaseNotFound.message, { ...REFUSED, code: 'leaseNotFound' }],
  [etcdErrors.futureRevision.message, { ...REFUSED, code: 'futureRevision' }],
  [requestIdExpired.message, { ...BROKEN, code: 'requestIdExpired' }],
  [readTooLarge.message, { ...REFUSED, code: 'resourceExhausted' }],
])

function errorFrom(name: GrpcStatusName, message: string): HoldfastError {
  if (message === etcdErrors.compacted.message) return new CompactedError(undefined, message)
  const judgement = byMessage.get(message) ?? byStatus[name]
  // gRPC calls a conflict `aborted`; here that word is kept for a caller's own signal.
  const code = judgement.code ?? (name === 'aborted' ? 'failedPrecondition' : name)
  return new HoldfastError(code, message, judgement)
}

function fieldsOf(json: unknown): { code?: number; message?: string } {
  if (!isRecord(json)) return {}
  const code = json['code'] ?? json['grpc_code']
  const message = json['message'] ?? json['error']
  return {
    ...(typeof code === 'number' && { code }),
    ...(typeof message === 'string' && { message }),
  }
}

const isRecord = (json: unknown): json is Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null

/** A page of HTML is of no use in a message. */
const clip = (text: string): string => (text.length > 500 ? `${text.slice(0, 500)}…` : text)

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
