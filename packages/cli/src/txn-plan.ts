/** A transaction as it was written down, in either form, and what it is to the SDK. */

import {
  compare,
  op,
  type Compare,
  type Comparison,
  type DeleteResult,
  type Key,
  type Op,
  type PutResult,
  type RangeResult,
  type Txn,
  type Value,
} from '@holdfast/client'
import {
  delOptions,
  keyRange,
  putOptions,
  rangeOptions,
  type DelFlags,
  type GetFlags,
  type PutFlags,
  type RangeFlags,
} from './key-options.js'

export const compareTargets = ['version', 'create', 'mod', 'value', 'lease'] as const
export const comparisons: readonly Comparison[] = ['=', '!=', '<', '>']

interface PlannedCompareOf<Target, Operand> extends RangeFlags {
  readonly target: Target
  readonly key: Key
  readonly comparison: Comparison
  readonly operand: Operand
}

export type PlannedCompare =
  | PlannedCompareOf<'version' | 'create' | 'mod', number>
  | PlannedCompareOf<'value', Value>
  | PlannedCompareOf<'lease', string>

export type PlannedOp =
  | { readonly type: 'get'; readonly key: Key; readonly flags: GetFlags }
  | { readonly type: 'put'; readonly key: Key; readonly value: Value; readonly flags: PutFlags }
  | { readonly type: 'del'; readonly key: Key; readonly flags: DelFlags }

export interface TxnPlan {
  readonly compare: readonly PlannedCompare[]
  readonly success: readonly PlannedOp[]
  readonly failure: readonly PlannedOp[]
}

export function toTxn({ compare: compares, success, failure }: TxnPlan): Txn {
  return { if: compares.map(toCompare), then: success.map(toOp), else: failure.map(toOp) }
}

function toCompare(planned: PlannedCompare): Compare {
  const range = keyRange(planned.key, planned)
  const { comparison } = planned
  switch (planned.target) {
    case 'version':
      return compare.version(range, comparison, planned.operand)
    case 'create':
      return compare.createRevision(range, comparison, planned.operand)
    case 'mod':
      return compare.modRevision(range, comparison, planned.operand)
    case 'value':
      return compare.value(range, comparison, planned.operand)
    case 'lease':
      return compare.lease(range, comparison, planned.operand)
  }
}

function toOp(planned: PlannedOp): Op<OpResult> {
  const { key } = planned
  switch (planned.type) {
    case 'get':
      return op.range(keyRange(key, planned.flags), rangeOptions(planned.flags))
    case 'put':
      return op.put(key, planned.value, putOptions(planned.flags))
    case 'del':
      return op.delete(keyRange(key, planned.flags), delOptions(planned.flags))
  }
}

export type OpResult = RangeResult | PutResult | DeleteResult
