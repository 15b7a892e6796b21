/**
 * What is wrong with an operation whatever the state: checked before it is proposed, in etcd's order
 * (etcd: v3rpc/key.go, checkTxnRequest and checkIntervals), so that the same mistake gets the same
 * answer and nothing illegal enters the log.
 */

import { etcdErrors, limits } from '@holdfast/protocol'
import type {
  KeySelector,
  Operation,
  PutOperation,
  TxnOperation,
} from '../state-machine/operation.js'
import { NO_LEASE } from '../state-machine/operation.js'
import { EdgeError } from './edge-error.js'

/** @throws {EdgeError} */
export function checkOperation(operation: Operation): void {
  if (operation.type === 'txn') {
    checkTxn(operation, limits.maxTxnOps)
    checkIntervals(operation.success)
    checkIntervals(operation.failure)
  } else checkSingle(operation)
}

function checkSingle(operation: Exclude<Operation, TxnOperation>): void {
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

/** Keys as Latin-1 text, which compares as the bytes do. */
interface Touched {
  readonly puts: Set<string>
  readonly deletes: { readonly from: string; readonly to: string | undefined }[]
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
  const touched: Touched = { puts: new Set(), deletes: [] }
  for (const operation of operations) {
    if (operation.type === 'deleteRange') touched.deletes.push(intervalOf(operation))
  }
  for (const operation of operations) {
    if (operation.type === 'txn') checkNested(operation, touched)
  }
  for (const operation of operations) {
    if (operation.type === 'put') putOnce(textOf(operation.key), touched)
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
  touched.deletes.push(...onSuccess.deletes, ...onFailure.deletes)
}

function putOnce(key: string, { puts, deletes }: Touched): void {
  const deleted = deletes.some(({ from, to }) => key >= from && (to === undefined || key < to))
  if (puts.has(key) || deleted) throw new EdgeError(etcdErrors.duplicateKey)
  puts.add(key)
}

function intervalOf({ key, rangeEnd }: KeySelector): Touched['deletes'][number] {
  const from = textOf(key)
  if (rangeEnd.byteLength === 0) return { from, to: `${from}\0` }
  const to = textOf(rangeEnd)
  return { from, to: to === '\0' ? undefined : to }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
