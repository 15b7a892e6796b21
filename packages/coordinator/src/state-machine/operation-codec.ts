/**
 * Operations as MessagePack arrays: a tag, then the fields in a fixed order, booleans as bits of one
 * number. Part of the log's format (proposal-codec.ts): a change of anything here is a new version.
 */

import { invariant } from './invariant.js'
import type {
  Compare,
  CompareResult,
  Operation,
  PutOperation,
  RangeOperation,
  SortOrder,
  SortTarget,
} from './operation.js'

export type Packed = readonly unknown[]

const PUT = 0
const RANGE = 1
const DELETE_RANGE = 2
const TXN = 3

const SORT_ORDERS: readonly SortOrder[] = ['none', 'ascend', 'descend']
const SORT_TARGETS: readonly SortTarget[] = ['key', 'version', 'create', 'mod', 'value']
const COMPARE_RESULTS: readonly CompareResult[] = ['equal', 'greater', 'less', 'notEqual']
const COMPARE_TARGETS: readonly Compare['target'][] = ['version', 'create', 'mod', 'value', 'lease']

export function packOperation(operation: Operation): Packed {
  switch (operation.type) {
    case 'put':
      return packPut(operation)
    case 'range':
      return packRange(operation)
    case 'deleteRange':
      return [DELETE_RANGE, operation.key, operation.rangeEnd, operation.prevKv]
    case 'txn':
      return [
        TXN,
        operation.compare.map(packCompare),
        operation.success.map(packOperation),
        operation.failure.map(packOperation),
      ]
  }
}

export function unpackOperation(packed: Packed): Operation {
  switch (packed[0]) {
    case PUT:
      return unpackPut(packed)
    case RANGE:
      return unpackRange(packed)
    case DELETE_RANGE: {
      const [, key, rangeEnd, prevKv] = packed as [0, Uint8Array, Uint8Array, boolean]
      return { type: 'deleteRange', key, rangeEnd, prevKv }
    }
    case TXN: {
      const [, compare, success, failure] = packed as [0, Packed[], Packed[], Packed[]]
      return {
        type: 'txn',
        compare: compare.map(unpackCompare),
        success: success.map(unpackOperation),
        failure: failure.map(unpackOperation),
      }
    }
    default:
      invariant(false, `unknown operation ${String(packed[0])} in the log`)
  }
}

function packPut(put: PutOperation): Packed {
  const flags = packFlags(put.prevKv, put.ignoreValue, put.ignoreLease)
  return [PUT, put.key, put.value, put.lease, flags]
}

function unpackPut(packed: Packed): PutOperation {
  const [, key, value, lease, flags] = packed as [0, Uint8Array, Uint8Array, string, number]
  const [prevKv, ignoreValue, ignoreLease] = unpackFlags(flags)
  return { type: 'put', key, value, lease, prevKv, ignoreValue, ignoreLease }
}

function packRange(range: RangeOperation): Packed {
  return [
    RANGE,
    range.key,
    range.rangeEnd,
    range.limit,
    range.revision,
    SORT_ORDERS.indexOf(range.sortOrder),
    SORT_TARGETS.indexOf(range.sortTarget),
    packFlags(range.keysOnly, range.countOnly, false),
    range.minModRevision,
    range.maxModRevision,
    range.minCreateRevision,
    range.maxCreateRevision,
  ]
}

type PackedRange = readonly [0, Uint8Array, Uint8Array, ...number[]]

function unpackRange(packed: Packed): RangeOperation {
  const [, key, rangeEnd, ...numbers] = packed as PackedRange
  const [limit = 0, revision = 0, order = 0, target = 0, flags = 0, ...bounds] = numbers
  const [minModRevision = 0, maxModRevision = 0, minCreateRevision = 0, maxCreateRevision = 0] =
    bounds
  const [keysOnly, countOnly] = unpackFlags(flags)
  return {
    type: 'range',
    key,
    rangeEnd,
    limit,
    revision,
    sortOrder: member(SORT_ORDERS, order),
    sortTarget: member(SORT_TARGETS, target),
    keysOnly,
    countOnly,
    minModRevision,
    maxModRevision,
    minCreateRevision,
    maxCreateRevision,
  }
}

function packCompare(compare: Compare): Packed {
  return [
    compare.key,
    compare.rangeEnd,
    COMPARE_RESULTS.indexOf(compare.result),
    COMPARE_TARGETS.indexOf(compare.target),
    compare.operand,
  ]
}

function unpackCompare(packed: Packed): Compare {
  const [key, rangeEnd, result, target, operand] = packed as [
    Uint8Array,
    Uint8Array,
    number,
    number,
    never,
  ]
  return {
    key,
    rangeEnd,
    result: member(COMPARE_RESULTS, result),
    target: member(COMPARE_TARGETS, target),
    operand,
  }
}

function member<Name>(names: readonly Name[], at: number): Name {
  const name = names[at]
  invariant(name !== undefined, `unknown enumeration member ${at} in the log`)
  return name
}

function packFlags(first: boolean, second: boolean, third: boolean): number {
  return (first ? 1 : 0) | (second ? 2 : 0) | (third ? 4 : 0)
}

function unpackFlags(flags: number): readonly [boolean, boolean, boolean] {
  return [(flags & 1) !== 0, (flags & 2) !== 0, (flags & 4) !== 0]
}
