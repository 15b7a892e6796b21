/** Operations and their results, between the wire's messages and the state machine's. */

import {
  etcdErrors,
  limits,
  type Compare as WireCompare,
  type DeleteRangeRequest,
  type DeleteRangeResponse,
  type InputOf,
  type PutRequest,
  type PutResponse,
  type RangeRequest,
  type RangeResponse,
  type RequestOp,
  type ResponseOpInput,
  type TxnRequest,
  type TxnResponseInput,
} from '@holdfast/protocol'
import type {
  Compare,
  CompareResult,
  DeleteRangeOperation,
  Operation,
  PutOperation,
  RangeOperation,
  SortOrder,
  SortTarget,
  TxnOperation,
} from '../state-machine/operation.js'
import type {
  DeleteRangeResult,
  OperationResult,
  PutResult,
  RangeResult,
  TxnResult,
} from '../state-machine/outcome.js'
import { EdgeError } from './edge-error.js'
import { NO_OPERATION } from './operation-check.js'

const compareResults: Readonly<Record<WireCompare['result'], CompareResult>> = {
  EQUAL: 'equal',
  GREATER: 'greater',
  LESS: 'less',
  NOT_EQUAL: 'notEqual',
}
const sortOrders: Readonly<Record<RangeRequest['sortOrder'], SortOrder>> = {
  NONE: 'none',
  ASCEND: 'ascend',
  DESCEND: 'descend',
}
const sortTargets: Readonly<Record<RangeRequest['sortTarget'], SortTarget>> = {
  KEY: 'key',
  VERSION: 'version',
  CREATE: 'create',
  MOD: 'mod',
  VALUE: 'value',
}

export function putOperation(request: PutRequest): PutOperation {
  return { type: 'put', ...request }
}

export function rangeOperation({
  sortOrder,
  sortTarget,
  serializable: _serializable,
  ...rest
}: RangeRequest): RangeOperation {
  return {
    type: 'range',
    ...rest,
    sortOrder: sortOrders[sortOrder],
    sortTarget: sortTargets[sortTarget],
  }
}

export function deleteRangeOperation(request: DeleteRangeRequest): DeleteRangeOperation {
  return { type: 'deleteRange', ...request }
}

export function txnOperation({ compare, success, failure }: TxnRequest): TxnOperation {
  return {
    type: 'txn',
    compare: compare.map(compareOf),
    success: success.map(operationOf),
    failure: failure.map(operationOf),
  }
}

function operationOf(op: RequestOp): Operation {
  if (op.requestRange !== undefined) return rangeOperation(op.requestRange)
  if (op.requestPut !== undefined) return putOperation(op.requestPut)
  if (op.requestDeleteRange !== undefined) return deleteRangeOperation(op.requestDeleteRange)
  if (op.requestTxn !== undefined) return txnOperation(op.requestTxn)
  return NO_OPERATION
}

/** An operand of another target than the one compared reads as 0 or empty. */
function compareOf(compare: WireCompare): Compare {
  const base = {
    key: compare.key,
    rangeEnd: compare.rangeEnd,
    result: compareResults[compare.result],
  }
  switch (compare.target) {
    case 'VERSION':
      return { ...base, target: 'version', operand: compare.version }
    case 'CREATE':
      return { ...base, target: 'create', operand: compare.createRevision }
    case 'MOD':
      return { ...base, target: 'mod', operand: compare.modRevision }
    case 'VALUE':
      return { ...base, target: 'value', operand: compare.value }
    case 'LEASE':
      return { ...base, target: 'lease', operand: compare.lease }
  }
}

/** Only ranges, and no nested transaction: such a one needs no place in the log. */
export function isReadOnly({ success, failure }: TxnOperation): boolean {
  return [...success, ...failure].every(({ type }) => type === 'range')
}

/** @throws {EdgeError} when the operation would make a log entry larger than is allowed */
export function checkSize(operation: Operation): void {
  if (sizeOf(operation) > limits.maxRequestBytes) throw new EdgeError(etcdErrors.requestTooLarge)
}

function sizeOf(operation: Operation): number {
  switch (operation.type) {
    case 'put':
      return operation.key.byteLength + operation.value.byteLength
    case 'range':
    case 'deleteRange':
      return operation.key.byteLength + operation.rangeEnd.byteLength
    case 'txn':
      return [...operation.success, ...operation.failure].reduce(
        (bytes, inner) => bytes + sizeOf(inner),
        operation.compare.reduce((bytes, compare) => bytes + sizeOfCompare(compare), 0),
      )
  }
}

function sizeOfCompare({ key, rangeEnd, operand }: Compare): number {
  const operandBytes = typeof operand === 'object' ? operand.byteLength : 0
  return key.byteLength + rangeEnd.byteLength + operandBytes
}

export function putResponse(result: PutResult): InputOf<typeof PutResponse> {
  return { header: { revision: result.revision }, prevKv: result.prevKv }
}

export function rangeResponse(result: RangeResult): InputOf<typeof RangeResponse> {
  const { revision, kvs, more, count } = result
  return { header: { revision }, kvs, more, count }
}

export function deleteRangeResponse(
  result: DeleteRangeResult,
): InputOf<typeof DeleteRangeResponse> {
  const { revision, deleted, prevKvs } = result
  return { header: { revision }, deleted, prevKvs }
}

/** A nested transaction's own header is empty, as etcd leaves it. */
export function txnResponse({ succeeded, responses }: TxnResult): TxnResponseInput {
  return { header: {}, succeeded, responses: responses.map(responseOp) }
}

function responseOp(result: OperationResult): ResponseOpInput {
  switch (result.type) {
    case 'put':
      return { responsePut: putResponse(result) }
    case 'range':
      return { responseRange: rangeResponse(result) }
    case 'deleteRange':
      return { responseDeleteRange: deleteRangeResponse(result) }
    case 'txn':
      return { responseTxn: txnResponse(result) }
  }
}
