/** What applying a command gives: a result or a refusal, the same on every member. */

import type { Alarm } from './command.js'
import type { KeyValue, LeaseId } from './operation.js'

/** Refusals that depend on the state. The edge maps each to etcd's code and message. */
export type RefusalReason =
  | 'keyNotFound'
  | 'leaseNotFound'
  | 'leaseExists'
  | 'leaseTtlTooLarge'
  | 'compacted'
  | 'futureRevision'
  /** An alarm is raised: the store must not grow, or must not be touched. */
  | 'noSpace'
  | 'corrupt'
  /** The request id is older than what is remembered: whether it took effect is unknown. */
  | 'requestIdExpired'
  /** Only of what is read without the log. */
  | 'readTooLarge'

/** A refused command changed nothing and used no revision. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reason: RefusalReason

  constructor(reason: RefusalReason) {
    super(reason)
    this.reason = reason
  }
}

export interface PutResult {
  readonly type: 'put'
  readonly revision: number
  readonly prevKv: KeyValue | undefined
}

export interface RangeResult {
  readonly type: 'range'
  /** The store's revision at the read, not the requested one. */
  readonly revision: number
  readonly kvs: readonly KeyValue[]
  readonly more: boolean
  readonly count: number
}

export interface DeleteRangeResult {
  readonly type: 'deleteRange'
  readonly revision: number
  readonly deleted: number
  readonly prevKvs: readonly KeyValue[]
}

export interface TxnResult {
  readonly type: 'txn'
  readonly revision: number
  readonly succeeded: boolean
  readonly responses: readonly OperationResult[]
}

export type OperationResult = PutResult | RangeResult | DeleteRangeResult | TxnResult

export type CommandResult =
  | OperationResult
  | { readonly type: 'compact'; readonly revision: number }
  | {
      readonly type: 'leaseGrant'
      readonly revision: number
      readonly id: LeaseId
      readonly ttlSeconds: number
    }
  | { readonly type: 'leaseRevoke'; readonly revision: number }
  | { readonly type: 'leaseCheckpoint'; readonly revision: number; readonly void: boolean }
  | { readonly type: 'publishMember'; readonly revision: number }
  | { readonly type: 'alarm'; readonly revision: number; readonly alarms: readonly Alarm[] }
  | { readonly type: 'leaseExpire'; readonly revision: number; readonly void: boolean }

export type Outcome =
  | { readonly ok: true; readonly result: CommandResult }
  | { readonly ok: false; readonly reason: RefusalReason; readonly revision: number }

/** One change of one key. A delete's `kv` holds only key and modRevision. */
export interface StoreEvent {
  readonly type: 'put' | 'delete'
  readonly kv: KeyValue
  /** Where the key's previous version is kept; undefined when the event created the key. */
  readonly previous: VersionPointer | undefined
}

/** A row of history: the revision and the position within it. */
export interface VersionPointer {
  readonly revision: number
  readonly sub: number
}

/** A row of history. A tombstone's `kv` holds only key and modRevision. */
export interface StoredVersion extends VersionPointer {
  readonly kv: KeyValue
  readonly isTombstone: boolean
}

/** All that changed in one revision, in the order in which it changed. Never split. */
export interface RevisionEvents {
  readonly revision: number
  readonly events: readonly StoreEvent[]
}
