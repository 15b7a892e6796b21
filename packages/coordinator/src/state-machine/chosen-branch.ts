/**
 * Which branch of every transaction runs. All comparisons, nested ones too, look at the state before
 * the whole transaction (etcd §8.20), so every choice can be made before anything is written: what
 * will run is then a plain tree, which is checked as a whole and cannot fail half-way.
 */

import { holds } from './compare.js'
import type {
  DeleteRangeOperation,
  Operation,
  PutOperation,
  RangeOperation,
  TxnOperation,
} from './operation.js'
import type { StateStore } from './state-store.js'

export interface ChosenTxn {
  readonly type: 'txn'
  readonly succeeded: boolean
  readonly operations: readonly ChosenOperation[]
}

export type SimpleOperation = PutOperation | RangeOperation | DeleteRangeOperation
export type ChosenOperation = SimpleOperation | ChosenTxn

export function choose(store: StateStore, operation: Operation): ChosenOperation {
  return operation.type === 'txn' ? chooseTxn(store, operation) : operation
}

export function chooseTxn(store: StateStore, txn: TxnOperation): ChosenTxn {
  const succeeded = txn.compare.every((compare) => holds(store, compare))
  const branch = succeeded ? txn.success : txn.failure
  return { type: 'txn', succeeded, operations: branch.map((inner) => choose(store, inner)) }
}

/** Everything that will run, in the order in which it will. */
export function flatten(operation: ChosenOperation): readonly SimpleOperation[] {
  return operation.type === 'txn' ? operation.operations.flatMap(flatten) : [operation]
}
