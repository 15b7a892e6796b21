/**
 * The operations on keys as messages of the wire and back, shared by the plain calls and by
 * transactions, so that both take the same options and give the same results.
 */

import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  InputOf,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
} from '@holdfast/protocol'
import { toEntry, type Entry } from './entry.js'
import { toBytes, toRange, type Key, type KeyRange, type Value } from './keys.js'

export interface PutOptions {
  /** The key is deleted when this lease ends. Default none, which detaches the key from its lease. */
  readonly lease?: string | undefined
  /** Return the value that was replaced. Default false. */
  readonly previous?: boolean | undefined
  /** Change only the lease; the value given must be empty, and the key must exist. */
  readonly ignoreValue?: boolean | undefined
  /** Change only the value; the key must exist. */
  readonly ignoreLease?: boolean | undefined
}

export interface DeleteOptions {
  /** Return what was deleted. Default false. */
  readonly previous?: boolean | undefined
}

export interface ReadOptions {
  /** Read the store as it was at this revision. Default now. */
  readonly revision?: number | undefined
  /**
   * Answer from the asked member's own state, without a majority: faster, possible in a minority,
   * and perhaps stale. Default false: the read sees every write that was acknowledged before it.
   */
  readonly serializable?: boolean | undefined
}

export interface RangeOptions extends ReadOptions {
  /** Return at most this many. Default all. */
  readonly limit?: number | undefined
  /** What to sort by. Default `key`. Anything else makes the server read the whole interval. */
  readonly sortBy?: 'key' | 'version' | 'createRevision' | 'modRevision' | 'value' | undefined
  readonly order?: 'ascending' | 'descending' | undefined
  /** Leave the values out. */
  readonly keysOnly?: boolean | undefined
  /** Return the number of keys only. */
  readonly countOnly?: boolean | undefined
  /** Bounds, inclusive. `count` does not obey them. */
  readonly minModRevision?: number | undefined
  readonly maxModRevision?: number | undefined
  readonly minCreateRevision?: number | undefined
  readonly maxCreateRevision?: number | undefined
}

export interface PutResult {
  /** The revision of the put, which is the key's `modRevision` now. */
  readonly revision: number
  /** What was there before, if it was asked for and existed. */
  readonly previous: Entry | undefined
}

export interface GetResult {
  readonly revision: number
  readonly entry: Entry | undefined
}

export interface RangeResult {
  /** The store's revision when it was read; not the one that was asked for. */
  readonly revision: number
  readonly entries: readonly Entry[]
  /** Whether `limit` left something out. */
  readonly more: boolean
  /** The number of keys in the interval, whatever the limit. */
  readonly count: number
}

export interface DeleteResult {
  readonly revision: number
  /** How many keys were deleted. */
  readonly deleted: number
  /** What was deleted, if it was asked for. */
  readonly previous: readonly Entry[]
}

const sortTargets = {
  key: 'KEY',
  version: 'VERSION',
  createRevision: 'CREATE',
  modRevision: 'MOD',
  value: 'VALUE',
} as const

export function rangeRequest(range: KeyRange, options: RangeOptions): InputOf<typeof RangeRequest> {
  const { sortBy, order, ...rest } = options
  return {
    ...rest,
    ...toRange(range),
    sortTarget: sortBy && sortTargets[sortBy],
    sortOrder: order && (order === 'ascending' ? 'ASCEND' : 'DESCEND'),
  }
}

export function putRequest(
  key: Key,
  value: Value,
  options: PutOptions,
): InputOf<typeof PutRequest> {
  const { previous, lease, ignoreValue, ignoreLease } = options
  return {
    key: toBytes(key),
    value: toBytes(value),
    prevKv: previous,
    lease,
    ignoreValue,
    ignoreLease,
  }
}

export function deleteRequest(
  range: KeyRange,
  options: DeleteOptions,
): InputOf<typeof DeleteRangeRequest> {
  return { ...toRange(range), prevKv: options.previous }
}

export function rangeResult(response: RangeResponse): RangeResult {
  const { header, kvs, more, count } = response
  return { revision: header?.revision ?? 0, entries: kvs.map(toEntry), more, count }
}

export function getResult({ header, kvs }: RangeResponse): GetResult {
  const [kv] = kvs
  return { revision: header?.revision ?? 0, entry: kv && toEntry(kv) }
}

export function putResult({ header, prevKv }: PutResponse): PutResult {
  return { revision: header?.revision ?? 0, previous: prevKv && toEntry(prevKv) }
}

export function deleteResult({ header, deleted, prevKvs }: DeleteRangeResponse): DeleteResult {
  return { revision: header?.revision ?? 0, deleted, previous: prevKvs.map(toEntry) }
}
