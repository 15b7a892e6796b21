/** The replicated state machine's public face: apply what is committed, read what is applied. */

import type { Alarm } from './command.js'
import type { Proposal, PublishedMember } from './command.js'
import type {
  Outcome,
  RangeResult,
  RevisionEvents,
  StoredVersion,
  StoreEvent,
  TxnResult,
  VersionPointer,
} from './outcome.js'
import type { KeyValue, LeaseId, RangeOperation, TxnOperation } from './operation.js'

/** A committed entry. A no-op has no proposal, yet counts as applied. */
export interface CommittedProposal {
  readonly index: number
  readonly term: number
  readonly proposal: Proposal | undefined
}

export interface AppliedProposal {
  readonly proposal: Proposal
  readonly outcome: Outcome
}

export type LeaseChange =
  | { readonly type: 'granted'; readonly lease: Lease }
  | { readonly type: 'ended'; readonly id: LeaseId }
  /** What it has left has been noted, and for how long it lives is as before. */
  | { readonly type: 'checkpointed'; readonly lease: Lease }

/** Some of the versions that can be read, in order. */
export interface VersionSlice {
  readonly versions: readonly StoredVersion[]
  /** The last one that was looked at, from behind which to go on; undefined at the end. */
  readonly last: VersionPointer | undefined
}

export interface AppliedBatch {
  readonly appliedIndex: number
  readonly proposals: readonly AppliedProposal[]
  readonly revisions: readonly RevisionEvents[]
  readonly leaseChanges: readonly LeaseChange[]
}

export interface Lease {
  readonly id: LeaseId
  readonly ttlSeconds: number
  /** The log index of the grant, by which two leases of one id differ. */
  readonly grantedIndex: number
  /** Of its TTL, at the last checkpoint; undefined: all of it. */
  readonly remainingSeconds?: number | undefined
}

export interface StateMachine {
  /** Applied index, revision and everything else of the batch become visible in one transaction. */
  apply(batch: readonly CommittedProposal[]): AppliedBatch
  readonly appliedIndex: number
  /** Starts at 1 in an empty store. */
  readonly revision: number
  /** -1 until the first compaction. */
  readonly compactRevision: number

  /** @throws Refusal `compacted` or `futureRevision` */
  range(operation: RangeOperation): RangeResult
  /**
   * A transaction of nothing but ranges, which needs no place in the log.
   * @throws Refusal `compacted` or `futureRevision`
   */
  readTxn(operation: TxnOperation): TxnResult
  /**
   * History from `fromRevision` on, whole revisions, oldest first, at most `maxRevisions` of them;
   * fewer when they are large, but none only when there are none.
   * The caller has checked that `fromRevision` is not below the compacted one.
   */
  history(fromRevision: number, maxRevisions: number): readonly RevisionEvents[]
  /** The version before an event; undefined when it was created by it or is compacted away. */
  previous(event: StoreEvent): KeyValue | undefined

  /**
   * Versions, tombstones included, that can be read at any revision between the compacted one and
   * this, behind `after`: as many as there are among so many rows.
   */
  versionsUpTo(revision: number, after: VersionPointer, maxRows: number): VersionSlice

  lease(id: LeaseId): Lease | undefined
  leases(): readonly Lease[]
  /** In byte order. */
  leaseKeys(id: LeaseId): readonly Uint8Array[]

  /** What the members have told about themselves, by id. */
  members(): readonly PublishedMember[]

  /** What keeps the cluster from taking more, in the order of the members' ids. */
  alarms(): readonly Alarm[]

  /** Removes at most `maxRows` rows that compaction made obsolete; true while there are more. */
  removeCompacted(maxRows: number): boolean
  /** Makes the file smaller by at most so many pages that are free; true while there are more. */
  returnFreePages(maxPages: number): boolean
  /** Hash of everything that a reader can see at the newest revision, equal on equal members. */
  hash(): { readonly revision: number; readonly hash: string }
  /** Of the file, and of what is in use of it. */
  readonly sizeBytes: number
  readonly usedBytes: number
  /** What of it are outcomes of requests, which are bounded by themselves, and of no use to clients. */
  readonly rememberedBytes: number
}
