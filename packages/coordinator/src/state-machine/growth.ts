/** How much larger a command makes the store. */

import type { Command } from './command.js'
import type { Operation } from './operation.js'

/** Estimates of what a row costs besides its key and value (etcd: kvOverhead, leaseOverhead). */
const KEY_BYTES = 256
const LEASE_BYTES = 64

/** Whether it makes the store larger, or might, as its comparisons come out. */
export function grows(command: Command): boolean {
  return bytesOf(command) > 0
}

/** Bytes that it adds at most, as estimated; 0 for one that adds nothing. */
export function bytesOf(command: Command): number {
  switch (command.type) {
    case 'kv':
      return bytesPut(command.operation)
    case 'leaseGrant':
      return LEASE_BYTES
    case 'alarm':
    case 'compact':
    case 'leaseRevoke':
    case 'leaseCheckpoint':
    case 'leaseExpire':
    case 'publishMember':
      return 0
  }
}

function bytesPut(operation: Operation): number {
  if (operation.type === 'put') {
    return KEY_BYTES + operation.key.byteLength + operation.value.byteLength
  }
  if (operation.type !== 'txn') return 0
  return Math.max(...[operation.success, operation.failure].map(bytesPutByAll))
}

function bytesPutByAll(operations: readonly Operation[]): number {
  return operations.reduce((bytes, operation) => bytes + bytesPut(operation), 0)
}
