/** Every way in which a request can fail, in the words of etcd's wire. The only such table. */

import {
  encodeErrorBody,
  etcdErrors,
  HoldfastError,
  httpStatusOf,
  requestIdExpired,
  type EtcdError,
} from '@holdfast/protocol'
import { NodeError, type NodeErrorReason } from '../node/node-error.js'
import { Refusal, type RefusalReason } from '../state-machine/outcome.js'
import { EdgeError } from './edge-error.js'

const refusals: Readonly<Record<RefusalReason, EtcdError>> = {
  keyNotFound: etcdErrors.keyNotFound,
  leaseNotFound: etcdErrors.leaseNotFound,
  leaseExists: etcdErrors.leaseExists,
  compacted: etcdErrors.compacted,
  futureRevision: etcdErrors.futureRevision,
  requestIdExpired,
}

/** `no leader` says "not applied", so it is only said when that is certain. */
const nodeErrors: Readonly<Record<NodeErrorReason, EtcdError>> = {
  noLeader: etcdErrors.noLeader,
  tooManyRequests: etcdErrors.tooManyRequests,
  timeout: etcdErrors.timeout,
  stopped: etcdErrors.stopped,
}

/** What to tell the client; undefined for a defect of ours, which is not the client's to read. */
export function wireErrorOf(error: unknown): { code: number; message: string } | undefined {
  if (error instanceof EdgeError) return error.wire
  if (error instanceof Refusal) return refusals[error.reason]
  if (error instanceof NodeError) return nodeErrors[error.reason]
  if (error instanceof HoldfastError) return { code: error.grpcCode, message: error.message }
  return undefined
}

export const INTERNAL_ERROR = { code: 13, message: 'internal error' }

export function errorResponse(error: { code: number; message: string }): Response {
  return Response.json(encodeErrorBody(error), { status: httpStatusOf(error.code).http })
}
