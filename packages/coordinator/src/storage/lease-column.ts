/** No lease is NULL in a row, so that the partial index on leases holds only keys that have one. */

import { NO_LEASE, type LeaseId } from '../state-machine/operation.js'

export function leaseColumn(lease: LeaseId): string | null {
  return lease === NO_LEASE ? null : lease
}

export function leaseOf(column: string | null): LeaseId {
  return column ?? NO_LEASE
}
