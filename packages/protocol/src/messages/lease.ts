/**
 * Leases. Two answers look like successes and mean that the lease is gone: a keepalive without TTL,
 * and a time to live of -1.
 */

import { ref, repeated } from '../schema/composite.js'
import { named } from '../schema/field.js'
import { id64, int64 } from '../schema/integer.js'
import { message, type MessageOf } from '../schema/message.js'
import { bool, bytes, string } from '../schema/scalar.js'
import { ResponseHeader } from './header.js'

const id = named('ID', id64())
/** Whole seconds. */
const ttl = named('TTL', int64())

export const LeaseGrantRequest = message('LeaseGrantRequest', { ttl, id })
export type LeaseGrantRequest = MessageOf<typeof LeaseGrantRequest>

export const LeaseGrantResponse = message('LeaseGrantResponse', {
  header: ref(() => ResponseHeader),
  id,
  ttl,
  error: string(),
})
export type LeaseGrantResponse = MessageOf<typeof LeaseGrantResponse>

export const LeaseRevokeRequest = message('LeaseRevokeRequest', { id })
export type LeaseRevokeRequest = MessageOf<typeof LeaseRevokeRequest>

export const LeaseRevokeResponse = message('LeaseRevokeResponse', {
  header: ref(() => ResponseHeader),
})
export type LeaseRevokeResponse = MessageOf<typeof LeaseRevokeResponse>

export const LeaseKeepAliveRequest = message('LeaseKeepAliveRequest', { id })
export type LeaseKeepAliveRequest = MessageOf<typeof LeaseKeepAliveRequest>

/** `ttl` 0 means that the lease does not exist. */
export const LeaseKeepAliveResponse = message('LeaseKeepAliveResponse', {
  header: ref(() => ResponseHeader),
  id,
  ttl,
})
export type LeaseKeepAliveResponse = MessageOf<typeof LeaseKeepAliveResponse>

export const LeaseTimeToLiveRequest = message('LeaseTimeToLiveRequest', { id, keys: bool() })
export type LeaseTimeToLiveRequest = MessageOf<typeof LeaseTimeToLiveRequest>

/** `ttl` -1 means that the lease does not exist. */
export const LeaseTimeToLiveResponse = message('LeaseTimeToLiveResponse', {
  header: ref(() => ResponseHeader),
  id,
  ttl,
  grantedTtl: named('grantedTTL', int64()),
  keys: repeated(bytes()),
})
export type LeaseTimeToLiveResponse = MessageOf<typeof LeaseTimeToLiveResponse>

export const LeaseStatus = message('LeaseStatus', { id })
export type LeaseStatus = MessageOf<typeof LeaseStatus>

export const LeaseLeasesRequest = message('LeaseLeasesRequest', {})

export const LeaseLeasesResponse = message('LeaseLeasesResponse', {
  header: ref(() => ResponseHeader),
  leases: repeated(ref(() => LeaseStatus)),
})
export type LeaseLeasesResponse = MessageOf<typeof LeaseLeasesResponse>
