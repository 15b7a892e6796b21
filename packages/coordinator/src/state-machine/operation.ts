/**
 * What can be asked of the store: put, range, deleteRange and txn, as etcd defines them
 * (`KV` of etcd v3). The edge has checked them statically (limits, empty keys, duplicate keys);
 * what depends on the state is checked here, when they are applied.
 */

/** The id of a lease: an int64 in decimal. `'0'` means no lease. It never passes through a number. */
export type LeaseId = string

export const NO_LEASE: LeaseId = '0'

/**
 * Which keys an operation means, in etcd's convention: `rangeEnd` empty is the one `key`; a single
 * zero byte is every key ≥ `key`; anything else is [key, rangeEnd) in byte order.
 */
export interface KeySelector {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
}

export interface PutOperation {
  readonly type: 'put'
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** `'0'` detaches the key from its lease, unless `ignoreLease`. */
  readonly lease: LeaseId
  readonly prevKv: boolean
  readonly ignoreValue: boolean
  readonly ignoreLease: boolean
}

export type SortOrder = 'none' | 'ascend' | 'descend'
export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value'

export interface RangeOperation extends KeySelector {
  readonly type: 'range'
  /** 0 means no limit. */
  readonly limit: number
  /** ≤ 0 means the newest. */
  readonly revision: number
  readonly sortOrder: SortOrder
  readonly sortTarget: SortTarget
  readonly keysOnly: boolean
  readonly countOnly: boolean
  /** Bounds, both inclusive; 0 means none. */
  readonly minModRevision: number
  readonly maxModRevision: number
  readonly minCreateRevision: number
  readonly maxCreateRevision: number
}

export interface DeleteRangeOperation extends KeySelector {
  readonly type: 'deleteRange'
  readonly prevKv: boolean
}

export type CompareResult = 'equal' | 'greater' | 'less' | 'notEqual'

interface CompareBase extends KeySelector {
  readonly result: CompareResult
}

/** A comparison with what every selected key holds before the transaction. */
export type Compare = CompareBase &
  (
    | { readonly target: 'version' | 'create' | 'mod'; readonly operand: number }
    | { readonly target: 'value'; readonly operand: Uint8Array }
    | { readonly target: 'lease'; readonly operand: LeaseId }
  )

export interface TxnOperation {
  readonly type: 'txn'
  readonly compare: readonly Compare[]
  readonly success: readonly Operation[]
  readonly failure: readonly Operation[]
}

export type Operation = PutOperation | RangeOperation | DeleteRangeOperation | TxnOperation

export interface KeyValue {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  readonly lease: LeaseId
}
