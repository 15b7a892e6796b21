/**
 * Operations on keys as a client of etcd's JSON API sees them, in numbers and strings instead of the
 * wire's texts and base64. What is optional has the wire's default. Of a range, sorting and the
 * filters by revision are left out, as are intervals in compares: no workload records them.
 */

import type { OperationRecord } from './operation-record.js'

export interface KeyValue {
  readonly key: string
  /** Empty in an answer to `keysOnly`. */
  readonly value: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  /** Absent: none. */
  readonly lease?: string
}

/** A key; with an end, the interval `[key, rangeEnd)`; with the end `\0`, everything from key on. */
export interface KeyInterval {
  readonly key: string
  readonly rangeEnd?: string
}

export interface RangeInput extends KeyInterval {
  readonly type: 'range'
  /** Absent or 0: now. Not within a transaction. */
  readonly revision?: number
  readonly limit?: number
  readonly keysOnly?: boolean
  readonly countOnly?: boolean
  readonly serializable?: boolean
}

export interface PutInput {
  readonly type: 'put'
  readonly key: string
  readonly value: string
  readonly lease?: string
  readonly prevKv?: boolean
}

export interface DeleteInput extends KeyInterval {
  readonly type: 'deleteRange'
  readonly prevKv?: boolean
}

export interface Compare {
  readonly key: string
  readonly target: 'value' | 'version' | 'create' | 'mod'
  readonly result: 'equal' | 'notEqual' | 'greater' | 'less'
  /** A string for `value`, a number for the others. */
  readonly operand: string | number
}

export interface TxnInput {
  readonly type: 'txn'
  readonly compares: readonly Compare[]
  readonly success: readonly KvInput[]
  readonly failure: readonly KvInput[]
}

export type KvInput = RangeInput | PutInput | DeleteInput | TxnInput

export interface RangeResponse {
  readonly type: 'range'
  readonly kvs: readonly KeyValue[]
  /** All keys of the interval, whatever the limit. */
  readonly count: number
}

export interface PutResponse {
  readonly type: 'put'
  readonly prevKv?: KeyValue
}

export interface DeleteResponse {
  readonly type: 'deleteRange'
  readonly deleted: number
  readonly prevKvs?: readonly KeyValue[]
}

export interface TxnResponse {
  readonly type: 'txn'
  readonly succeeded: boolean
  readonly responses: readonly KvResponse[]
}

export type KvResponse = RangeResponse | PutResponse | DeleteResponse | TxnResponse

export interface KvOutput {
  /** Of the header: the store's revision when the operation was executed (etcd §8.4). */
  readonly revision: number
  readonly response: KvResponse
}

export type KvRecord = OperationRecord<KvInput, KvOutput, 'kv'>

/** Whether the answer says that something was changed, and so made a revision (etcd §8.2). */
export function hasChanged(response: KvResponse): boolean {
  switch (response.type) {
    case 'range':
      return false
    case 'put':
      return true
    case 'deleteRange':
      return response.deleted > 0
    case 'txn':
      return response.responses.some(hasChanged)
  }
}

/** Whether it changes nothing in any state. */
export function isRead(input: KvInput): boolean {
  return input.type === 'range' || (input.type === 'txn' && branchesOf(input).every(isRead))
}

/** Whether it may be answered from an old state (etcd §8.12, §8.23). */
export function isSerializable(input: KvInput): boolean {
  if (input.type === 'range') return input.serializable === true
  const operations = input.type === 'txn' ? branchesOf(input) : []
  return operations.length > 0 && operations.every(isSerializable)
}

/** The operations of both branches. */
export function branchesOf(input: TxnInput): readonly KvInput[] {
  return [...input.success, ...input.failure]
}

export function isInInterval(key: string, { key: from, rangeEnd }: KeyInterval): boolean {
  if (rangeEnd === undefined || rangeEnd === '') return key === from
  return key >= from && (rangeEnd === '\0' || key < rangeEnd)
}
