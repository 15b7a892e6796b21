/** Operations and results between the wire and the state machine: every field, both ways. */

import {
  DeleteRangeRequest,
  DeleteRangeResponse,
  etcdErrors,
  limits,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
  TxnRequest,
  TxnResponse,
} from '@holdfast/protocol'
import { describe, expect, it } from 'vitest'
import type { KeyValue } from '../state-machine/operation.js'
import type { TxnResult } from '../state-machine/outcome.js'
import {
  compareNumber,
  compareValue,
  deleteRange,
  normalized,
  put,
  range,
  txn,
} from '../state-machine/state-machine.test-support.js'
import { base64 } from './edge.test-support.js'
import { checkOperation } from './operation-check.js'
import {
  checkSize,
  deleteRangeOperation,
  deleteRangeResponse,
  isReadOnly,
  putOperation,
  putResponse,
  rangeOperation,
  rangeResponse,
  txnOperation,
  txnResponse,
} from './operation-wire.js'

const [A, B] = [base64('a'), base64('b')]

function txnOf(json: unknown): unknown {
  return normalized(txnOperation(TxnRequest.decode(json)))
}

describe('a request becomes an operation', () => {
  it('put, with every field', () => {
    const all = {
      key: A,
      value: B,
      lease: '-9223372036854775808',
      prev_kv: true,
      ignore_value: true,
      ignore_lease: true,
    }
    expect(normalized(putOperation(PutRequest.decode(all)))).toEqual(
      put('a', 'b', {
        lease: '-9223372036854775808',
        prevKv: true,
        ignoreValue: true,
        ignoreLease: true,
      }),
    )
  })

  it('put, with its defaults', () => {
    expect(normalized(putOperation(PutRequest.decode({ key: A })))).toEqual(put('a'))
  })

  it('range, with every field; `serializable` is not for the state machine', () => {
    const all = {
      key: A,
      range_end: B,
      limit: '1',
      revision: '2',
      sort_order: 'DESCEND',
      sort_target: 'VALUE',
      serializable: true,
      keys_only: true,
      count_only: true,
      min_mod_revision: '3',
      max_mod_revision: '4',
      min_create_revision: '5',
      max_create_revision: '6',
    }
    expect(normalized(rangeOperation(RangeRequest.decode(all)))).toEqual(
      range('a', 'b', {
        limit: 1,
        revision: 2,
        sortOrder: 'descend',
        sortTarget: 'value',
        keysOnly: true,
        countOnly: true,
        minModRevision: 3,
        maxModRevision: 4,
        minCreateRevision: 5,
        maxCreateRevision: 6,
      }),
    )
  })

  it('range, with its defaults', () => {
    expect(normalized(rangeOperation(RangeRequest.decode({ key: A })))).toEqual(range('a'))
  })

  it.each([
    [0, 'none'],
    [1, 'ascend'],
    [2, 'descend'],
  ])('sort order %i is %s', (number, sortOrder) => {
    const operation = rangeOperation(RangeRequest.decode({ key: A, sort_order: number }))
    expect(operation.sortOrder).toBe(sortOrder)
  })

  it.each([...['key', 'version', 'create', 'mod', 'value'].entries()])(
    'sort target %i is %s',
    (number, sortTarget) => {
      const operation = rangeOperation(RangeRequest.decode({ key: A, sort_target: number }))
      expect(operation.sortTarget).toBe(sortTarget)
    },
  )

  it('deleteRange, with every field', () => {
    const all = { key: A, range_end: B, prev_kv: true }
    expect(normalized(deleteRangeOperation(DeleteRangeRequest.decode(all)))).toEqual(
      deleteRange('a', 'b', true),
    )
  })

  it('txn, both branches and what is nested in them', () => {
    const json = {
      compare: [{ key: A, result: 'GREATER', target: 'MOD', mod_revision: '9' }],
      success: [{ request_put: { key: A } }, { request_delete_range: { key: B } }],
      failure: [{ request_txn: { success: [{ request_range: { key: A } }] } }],
    }
    expect(txnOf(json)).toEqual(
      txn(
        [compareNumber('a', 'mod', 9, 'greater')],
        [put('a'), deleteRange('b')],
        [txn([], [range('a')])],
      ),
    )
  })

  it.each([...['equal', 'greater', 'less', 'notEqual'].entries()])(
    'comparison %i is %s',
    (number, result) => {
      const json = { compare: [{ key: A, result: number }] }
      expect(txnOf(json)).toMatchObject({ compare: [{ result }] })
    },
  )

  it.each([
    { target: 'version', own: { version: '7' }, operand: 7, none: 0 },
    { target: 'create', own: { create_revision: '7' }, operand: 7, none: 0 },
    { target: 'mod', own: { mod_revision: '7' }, operand: 7, none: 0 },
    { target: 'value', own: { value: B }, operand: Buffer.from('b'), none: Buffer.alloc(0) },
    {
      target: 'lease',
      own: { lease: '9223372036854775807' },
      operand: '9223372036854775807',
      none: '0',
    },
  ])('compares $target with its operand; another’s is none (§8.21)', (row) => {
    const { target, own, operand, none } = row
    const compared = (json: object): unknown =>
      txnOf({ compare: [{ key: A, range_end: B, target: target.toUpperCase(), ...json }] })
    const rest = { key: Buffer.from('a'), rangeEnd: Buffer.from('b'), result: 'equal', target }
    const other = target === 'version' ? { mod_revision: '7' } : { version: '7' }
    expect(compared(own)).toMatchObject({ compare: [{ ...rest, operand }] })
    expect(compared({})).toMatchObject({ compare: [{ ...rest, operand: none }] })
    expect(compared(other)).toMatchObject({ compare: [{ ...rest, operand: none }] })
  })

  it.each([
    { success: [{}] },
    { failure: [{}] },
    { success: [{ request_txn: { failure: [{}] } }] },
  ])('an operation that is none is refused, wherever it stands (§8.19): %j', (json) => {
    expect(() => checkOperation(txnOperation(TxnRequest.decode(json)))).toThrow(
      etcdErrors.keyNotFound.message,
    )
  })

  it.each([
    { compare: [{}], success: [{}] },
    { success: [{ request_range: {} }, {}] },
    { success: [{ request_txn: { compare: [{}] } }], failure: [{}] },
  ])('an operation that is none is refused in its turn: %j', (json) => {
    expect(() => checkOperation(txnOperation(TxnRequest.decode(json)))).toThrow(
      etcdErrors.emptyKey.message,
    )
  })
})

describe('a transaction that only reads', () => {
  it.each([
    ['no operations', txn([], []), true],
    ['ranges', txn([], [range('a')], [range('b')]), true],
    ['a put', txn([], [range('a'), put('a')]), false],
    ['a put in failure', txn([], [range('a')], [put('a')]), false],
    ['a delete', txn([], [deleteRange('a')]), false],
    ['a nested one, whatever it does (§8.23)', txn([], [txn([], [range('a')])]), false],
  ])('%s', (_, operation, expected) => {
    expect(isReadOnly(operation)).toBe(expected)
  })
})

describe('the size of an operation (§8.16)', () => {
  const half = 'x'.repeat(limits.maxRequestBytes / 2)
  it.each([
    ['a put', put('k', half + half.slice(1)), put('kk', half + half.slice(1))],
    ['a range', range(half, half), range(half, `${half}x`)],
    ['a delete', deleteRange(half, half), deleteRange(half, `${half}x`)],
    [
      'a transaction',
      txn([], [put('', half)], [put('', half)]),
      txn([], [put('', half)], [put('x', half)]),
    ],
    [
      'a nested one',
      txn([], [txn([], [put(half, half)])]),
      txn([], [txn([], [put(half, `${half}x`)])]),
    ],
    ['a compare', txn([compareValue(half, half)], []), txn([compareValue(half, half)], [put('x')])],
  ])('of %s is bounded: keys, values and operands count', (_, allowed, tooLarge) => {
    expect(() => checkSize(allowed)).not.toThrow()
    expect(() => checkSize(tooLarge)).toThrow(etcdErrors.requestTooLarge.message)
  })
})

const kv: KeyValue = {
  key: Buffer.from('a'),
  value: Buffer.from('b'),
  createRevision: 2,
  modRevision: 3,
  version: 4,
  lease: '5',
}
const wireKv = {
  key: A,
  create_revision: '2',
  mod_revision: '3',
  version: '4',
  value: B,
  lease: '5',
}

describe('a result becomes a response', () => {
  it('put', () => {
    const encode = (prevKv: KeyValue | undefined): unknown =>
      PutResponse.encode(putResponse({ type: 'put', revision: 7, prevKv }))
    expect(encode(kv)).toEqual({ header: { revision: '7' }, prev_kv: wireKv })
    expect(encode(undefined)).toEqual({ header: { revision: '7' } })
  })

  it('range', () => {
    const result = { type: 'range', revision: 7, kvs: [kv], more: true, count: 8 } as const
    expect(RangeResponse.encode(rangeResponse(result))).toEqual({
      header: { revision: '7' },
      kvs: [wireKv],
      more: true,
      count: '8',
    })
    const nothing = { type: 'range', revision: 7, kvs: [], more: false, count: 0 } as const
    expect(RangeResponse.encode(rangeResponse(nothing))).toEqual({ header: { revision: '7' } })
  })

  it('deleteRange', () => {
    const result = { type: 'deleteRange', revision: 7, deleted: 2, prevKvs: [kv] } as const
    expect(DeleteRangeResponse.encode(deleteRangeResponse(result))).toEqual({
      header: { revision: '7' },
      deleted: '2',
      prev_kvs: [wireKv],
    })
  })

  it('txn: inner headers hold the revision alone, that of a nested one nothing (§8.4)', () => {
    const result: TxnResult = {
      type: 'txn',
      revision: 7,
      succeeded: true,
      responses: [
        { type: 'put', revision: 7, prevKv: undefined },
        { type: 'range', revision: 6, kvs: [], more: false, count: 0 },
        { type: 'deleteRange', revision: 7, deleted: 1, prevKvs: [] },
        { type: 'txn', revision: 7, succeeded: false, responses: [] },
      ],
    }
    expect(TxnResponse.encode(txnResponse(result))).toEqual({
      header: {},
      succeeded: true,
      responses: [
        { response_put: { header: { revision: '7' } } },
        { response_range: { header: { revision: '6' } } },
        { response_delete_range: { header: { revision: '7' }, deleted: '1' } },
        { response_txn: { header: {} } },
      ],
    })
  })
})
