/** Every way in which a request can fail, in the words of etcd's wire. The only such table. */

import {
  encodeErrorBody,
  etcdErrors,
  grpcStatus,
  HoldfastError,
  httpStatusOf,
  readTooLarge,
  requestIdExpired,
  type EtcdError,
} from '@holdfast/protocol'
import { MemberRefusal, type MemberRefusalReason } from '../node/member-change.js'
import { NodeError, type NodeErrorReason } from '../node/node-error.js'
import { Refusal, type RefusalReason } from '../state-machine/outcome.js'
import { EdgeError } from './edge-error.js'

const refusals: Readonly<Record<RefusalReason, EtcdError>> = {
  keyNotFound: etcdErrors.keyNotFound,
  leaseNotFound: etcdErrors.leaseNotFound,
  leaseExists: etcdErrors.leaseExists,
  leaseTtlTooLarge: etcdErrors.leaseTtlTooLarge,
  compacted: etcdErrors.compacted,
  futureRevision: etcdErrors.futureRevision,
  noSpace: etcdErrors.noSpace,
  corrupt: etcdErrors.corrupt,
  requestIdExpired,
  readTooLarge,
}

/** `no leader` says "not applied", so it is only said when that is certain. */
const nodeErrors: Readonly<Record<NodeErrorReason, EtcdError>> = {
  noLeader: etcdErrors.noLeader,
  tooManyRequests: etcdErrors.tooManyRequests,
  noSpace: etcdErrors.noSpace,
  timeout: etcdErrors.timeout,
  notTransferred: etcdErrors.timeoutLeaderTransfer,
  stopped: etcdErrors.stopped,
}

const memberRefusals: Readonly<Record<MemberRefusalReason, EtcdError>> = {
  memberExists: etcdErrors.memberExists,
  peerUrlExists: etcdErrors.peerUrlExists,
  memberNotFound: etcdErrors.memberNotFound,
  memberNotLearner: etcdErrors.memberNotLearner,
  learnerNotReady: etcdErrors.learnerNotReady,
  tooManyLearners: etcdErrors.tooManyLearners,
  notEnoughStarted: etcdErrors.notEnoughStarted,
  unhealthy: etcdErrors.unhealthy,
  badTransferee: etcdErrors.badLeaderTransferee,
}

export interface WireError {
  readonly code: number
  readonly message: string
}

/** What to tell the client; undefined for a defect of ours, which is not the client's to read. */
export function wireErrorOf(error: unknown): WireError | undefined {
  if (error instanceof EdgeError) return error.wire
  if (error instanceof Refusal) return refusals[error.reason]
  if (error instanceof NodeError) return nodeErrors[error.reason]
  if (error instanceof MemberRefusal) return memberRefusals[error.reason]
  if (error instanceof HoldfastError) return { code: error.grpcCode, message: error.message }
  return undefined
}

const INTERNAL_ERROR: WireError = {
  code: grpcStatus.internal.code,
  message: 'internal error',
}

/** What to tell the client, after a defect has been told to whoever can mend it. */
export function wireErrorOrDefect(error: unknown, onDefect: (error: unknown) => void): WireError {
  const wire = wireErrorOf(error)
  if (wire === undefined) onDefect(error)
  return wire ?? INTERNAL_ERROR
}

export function errorResponse(error: WireError): Response {
  return Response.json(encodeErrorBody(error), { status: httpStatusOf(error.code).http })
}
