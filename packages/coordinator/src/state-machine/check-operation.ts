/**
 * What depends on the state is checked here for the whole operation before any of it runs, so that
 * a refusal changes nothing and uses no revision (etcd §8.13, 14, 17, 24). Every member checks alike,
 * whether or not somebody waits for the answer (etcd #18667).
 *
 * In a transaction etcd checks all puts, then all ranges; each against the state before it.
 */

import { flatten, type ChosenOperation, type SimpleOperation } from './chosen-branch.js'
import { compareBytes, contains, selectedInterval } from './interval.js'
import type { RangeOperation } from './operation.js'
import { Refusal } from './outcome.js'
import { checkPutLease, needsExistingKey } from './put.js'
import { checkRangeRevision } from './range.js'
import type { Position, StateStore } from './state-store.js'

/** @throws Refusal */
export function checkOperation(
  store: StateStore,
  operation: ChosenOperation,
  position: Position,
): void {
  switch (operation.type) {
    case 'put':
      // Alone, a put names its missing lease first; in a transaction, its missing key (etcd).
      checkPutLease(store, operation)
      checkPuts(store, [operation])
      return
    case 'range':
      checkRangeRevision(operation, position.revision, position.compactRevision)
      return
    case 'deleteRange':
      return
    case 'txn': {
      const operations = flatten(operation)
      checkPuts(store, operations)
      for (const inner of operations) {
        if (inner.type === 'range') checkRangeInTxn(inner, position)
      }
    }
  }
}

/** A negative revision means the newest to a range alone, but is compacted to one in a txn (etcd). */
function checkRangeInTxn(range: RangeOperation, position: Position): void {
  const isBelow = range.revision < 0 && range.revision < position.compactRevision
  if (isBelow) throw new Refusal('compacted')
  checkRangeRevision(range, position.revision, position.compactRevision)
}

function checkPuts(store: StateStore, operations: readonly SimpleOperation[]): void {
  for (const [at, operation] of operations.entries()) {
    if (operation.type !== 'put') continue
    if (needsExistingKey(operation) && !existsBefore(store, operations, at, operation.key)) {
      throw new Refusal('keyNotFound')
    }
    checkPutLease(store, operation)
  }
}

/**
 * Whether the key will exist when operation `at` runs: as the last operation before it that touches
 * the key leaves it, or else as it is now. The edge refuses such pairs (etcd §8.18); the log may hold
 * what another version of the edge let through.
 */
function existsBefore(
  store: StateStore,
  operations: readonly SimpleOperation[],
  at: number,
  key: Uint8Array,
): boolean {
  for (const earlier of operations.slice(0, at).reverse()) {
    if (earlier.type === 'put' && compareBytes(earlier.key, key) === 0) return true
    if (earlier.type === 'deleteRange' && contains(selectedInterval(earlier), key)) return false
  }
  return store.keys.find(key) !== undefined
}
