/** `/v3/lease`: grant, revoke, keepalive, timetolive, leases. */

import {
  type InputOf,
  type LeaseGrantRequest,
  type LeaseKeepAliveRequest,
  type LeaseRevokeRequest,
  type LeaseTimeToLiveRequest,
  type routes,
} from '@holdfast/protocol'
import { NO_LEASE } from '../../state-machine/operation.js'
import type { Call } from '../call.js'
import { requestTimeoutMs, responseHeader, type EdgeContext } from '../edge-context.js'
import { proposeFor } from './kv.js'

/** A shorter lease could not survive one election (etcd: minTTL): 2 s with the default timing. */
function minTtlSeconds({ node }: EdgeContext): number {
  return Math.ceil((1.5 * node.electionTimeoutMs) / 1000)
}

export async function grant(
  context: EdgeContext,
  request: LeaseGrantRequest,
  { requestId }: Call,
): Promise<InputOf<typeof routes.leaseGrant.response>> {
  const id = request.id === NO_LEASE ? context.drawLeaseId() : request.id
  const ttlSeconds = Math.max(request.ttl, minTtlSeconds(context))
  const command = { type: 'leaseGrant', id, ttlSeconds } as const
  const result = await proposeFor(context, 'leaseGrant', command, requestId)
  return {
    header: responseHeader(context, result.revision),
    id: result.id,
    ttl: result.ttlSeconds,
  }
}

export async function revoke(
  context: EdgeContext,
  { id }: LeaseRevokeRequest,
  { requestId }: Call,
): Promise<InputOf<typeof routes.leaseRevoke.response>> {
  const result = await proposeFor(context, 'leaseRevoke', { type: 'leaseRevoke', id }, requestId)
  return { header: responseHeader(context, result.revision) }
}

/** A missing lease is not an error here: the answer has no TTL. */
export async function keepAlive(
  context: EdgeContext,
  { id }: LeaseKeepAliveRequest,
): Promise<InputOf<typeof routes.leaseKeepAlive.response>> {
  // Taken before the renewal, so that its revision never exceeds that of a revocation (etcd).
  const header = responseHeader(context)
  const ttl = await context.node.leases.renew(id, requestTimeoutMs(context))
  return { header, id, ttl: ttl ?? 0 }
}

export async function timeToLive(
  context: EdgeContext,
  { id, keys }: LeaseTimeToLiveRequest,
): Promise<InputOf<typeof routes.leaseTimeToLive.response>> {
  const timeoutMs = requestTimeoutMs(context)
  const remainingMs = await context.node.leases.remainingMs(id, timeoutMs)
  await context.node.readBarrier(timeoutMs)
  const { state } = context.node
  const lease = state.lease(id)
  const header = responseHeader(context)
  if (remainingMs === undefined || lease === undefined) return { header, id, ttl: -1 }
  return {
    header,
    id,
    ttl: Math.floor(remainingMs / 1000),
    grantedTtl: lease.ttlSeconds,
    keys: keys ? state.leaseKeys(id) : [],
  }
}

export async function leases(
  context: EdgeContext,
): Promise<InputOf<typeof routes.leaseLeases.response>> {
  const ids = await context.node.leases.idsBySoonestExpiry(requestTimeoutMs(context))
  return { header: responseHeader(context), leases: ids.map((id) => ({ id })) }
}
