/**
 * What is wrong with an operation whatever the state: checked before it is proposed, in etcd's order
 * (etcd: v3rpc/key.go, checkTxnRequest and checkIntervals), so that the same mistake gets the same
 * answer and nothing illegal enters the log.
 */

import { etcdErrors, limits } from '@holdfast/protocol'
import { keyText } from '../state-machine/key-text.js'
import type { Operation, PutOperation, TxnOperation } from '../state-machine/operation.js'
import { NO_LEASE } from '../state-machine/operation.js'
import { EdgeError } from './edge-error.js'
import { includes, intervalsOf, union, type KeyIntervals } from './key-intervals.js'

/** What stands for an operation that has no member set, until its turn comes to be refused. */
export const NO_OPERATION: Operation = Object.freeze({
  type: 'deleteRange',
  key: new Uint8Array(0),
  rangeEnd: new Uint8Array(0),
  prevKv: false,
})

/** @throws {EdgeError} */
export function checkOperation(operation: Operation): void {
  if (operation.type === 'txn') {
    checkTxn(operation, limits.maxTxnOps)
    checkIntervals(operation.success)
    checkIntervals(operation.failure)
  } else checkSingle(operation)
}

function checkSingle(operation: Exclude<Operation, TxnOperation>): void {
  if (operation === NO_OPERATION) throw new EdgeError(etcdErrors.keyNotFound)
  requireKey(operation)
  if (operation.type === 'put') checkPut(operation)
}

function checkPut({ value, lease, ignoreValue, ignoreLease }: PutOperation): void {
  if (ignoreValue && value.byteLength > 0) throw new EdgeError(etcdErrors.valueProvided)
  if (ignoreLease && lease !== NO_LEASE) throw new EdgeError(etcdErrors.leaseProvided)
}

function requireKey({ key }: { readonly key: Uint8Array }): void {
  if (key.byteLength === 0) throw new EdgeError(etcdErrors.emptyKey)
}

/** A nested transaction may use what its parent's longest list leaves of the budget. */
function checkTxn({ compare, success, failure }: TxnOperation, budget: number): void {
  const length = Math.max(compare.length, success.length, failure.length)
  if (length > budget) throw new EdgeError(etcdErrors.tooManyOps)
  compare.forEach(requireKey)
  for (const operation of [...success, ...failure]) {
    if (operation.type === 'txn') checkTxn(operation, budget - length)
    else checkSingle(operation)
  }
}

interface Touched {
  readonly puts: Set<string>
  deletes: KeyIntervals
}

/**
 * No key may be put twice, or put and deleted, by one branch: within one revision the order would
 * be a matter of chance to a watcher. The two branches of a nested transaction may touch the same
 * key, because only one of them runs.
 *
 * Deviation: `rangeEnd` of one zero byte is an open end here. etcd compares with it literally, so
 * that a put and a delete-from-key over it slip through.
 */
function checkIntervals(operations: readonly Operation[]): Touched {
  const deletes = operations.filter((operation) => operation.type === 'deleteRange')
  const touched: Touched = { puts: new Set(), deletes: intervalsOf(deletes) }
  for (const operation of operations) {
    if (operation.type === 'txn') checkNested(operation, touched)
  }
  for (const operation of operations) {
    if (operation.type === 'put') putOnce(keyText(operation.key), touched)
  }
  return touched
}

function checkNested({ success, failure }: TxnOperation, touched: Touched): void {
  const onSuccess = checkIntervals(success)
  const onFailure = checkIntervals(failure)
  for (const key of onSuccess.puts) putOnce(key, touched)
  for (const key of onFailure.puts) {
    if (onSuccess.puts.has(key)) continue
    putOnce(key, touched)
  }
  touched.deletes = union(touched.deletes, union(onSuccess.deletes, onFailure.deletes))
}

function putOnce(key: string, { puts, deletes }: Touched): void {
  if (puts.has(key) || includes(deletes, key)) throw new EdgeError(etcdErrors.duplicateKey)
  puts.add(key)
}
