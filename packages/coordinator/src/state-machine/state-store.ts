/**
 * What the state machine needs from its storage. The consumer declares it, storage implements it.
 *
 * Rows only: every rule (revisions, versions, leases, what is refused) is decided in this folder.
 * All writes happen inside `transaction`, together with the position they lead to, so a crash leaves
 * either the whole batch or nothing of it (etcd #13766 was the applied index saved apart).
 */

import type { Alarm } from './command.js'
import type { PublishedMember } from './command.js'
import type { Interval } from './interval.js'
import type { KeyValue, LeaseId } from './operation.js'
import type { RevisionEvents, StoredVersion, VersionPointer } from './outcome.js'
import type { ReadBudget } from './read-budget.js'
import type { Lease } from './state-machine.js'

/** How far the store is. compactRevision ≤ revision; both indexes only grow. */
export interface Position {
  readonly appliedIndex: number
  readonly appliedTerm: number
  readonly revision: number
  readonly compactRevision: number
  /** The highest revision at which a request id that is no longer remembered had been applied. */
  readonly evictedRevision: number
}

/** A version of a key, the newest if nothing else is said, without its value. */
export interface LiveKey extends Omit<KeyValue, 'value'> {
  /** Its position within `modRevision`: with it, the address of its row of history. */
  readonly modSub: number
}

export interface ReadInOptions {
  /** 0 means no limit. */
  readonly limit: number
  readonly budget: ReadBudget
}

/** The keys that exist now. */
export interface KeyStore {
  find(key: Uint8Array): LiveKey | undefined
  /** In byte order, like everything that returns several keys. Read as they are taken. */
  findIn(interval: Interval): Iterable<LiveKey>
  count(interval: Interval): number
  readIn(interval: Interval, options: ReadInOptions): readonly KeyValue[]
  /** Writes a version at (kv.modRevision, sub). `replaced` is what `find` gives for the key. */
  put(kv: KeyValue, sub: number, replaced: LiveKey | undefined): void
  /** Writes a tombstone at `at`; the key is no longer found. */
  delete(live: LiveKey, at: VersionPointer): void
}

/** What keys were: all versions since the compacted revision, and the ones then newest. */
export interface HistoryStore {
  /** Undefined when the row is a tombstone or no longer there. */
  version(pointer: VersionPointer): KeyValue | undefined
  /**
   * The versions that the keys of the interval had at `revision`, which is not below the compacted
   * one. Read as they are taken.
   */
  findAt(interval: Interval, revision: number): Iterable<LiveKey>
  since(fromRevision: number, maxRevisions: number): readonly RevisionEvents[]
  /** Rows behind `after`, in order, up to `revision`; those that wait to be removed too. */
  rows(after: VersionPointer, revision: number, maxRows: number): readonly StoredVersion[]
  /** The newest version of the key, or its tombstone, that is not above `revision`. */
  newestAt(key: Uint8Array, revision: number): VersionPointer | undefined
  /** Removes rows that nothing at or after `compactRevision` can read; true while there are more. */
  removeCompacted(compactRevision: number, maxRows: number): boolean
}

export interface LeaseStore {
  find(id: LeaseId): Lease | undefined
  all(): readonly Lease[]
  keysOf(id: LeaseId): readonly LiveKey[]
  add(lease: Lease): void
  /** 0: it has all of its TTL. */
  checkpoint(id: LeaseId, remainingSeconds: number): void
  remove(id: LeaseId): void
}

export interface RememberedRequest {
  readonly id: string
  /** The store's revision after the request was applied. */
  readonly revision: number
  /** Its outcome, encoded. */
  readonly outcome: Uint8Array
}

/** Requests that took effect, in the order in which they did. */
export interface RequestStore {
  find(id: string): Uint8Array | undefined
  append(request: RememberedRequest): void
  /** Forgets the oldest and returns the revision at which it had been applied. */
  removeOldest(): number
  readonly count: number
  /** Bytes of ids and encoded outcomes. */
  readonly bytes: number
}

export interface MemberStore {
  all(): readonly PublishedMember[]
  /** Adds the member, or replaces what is known of it. */
  save(member: PublishedMember): void
}

export interface AlarmStore {
  /** In the order of their members' ids. Asked before every command, so it costs nothing. */
  all(): readonly Alarm[]
  add(alarm: Alarm): void
  remove(alarm: Alarm): void
}

export interface StateStore {
  readonly keys: KeyStore
  readonly history: HistoryStore
  readonly leases: LeaseStore
  readonly requests: RequestStore
  readonly members: MemberStore
  readonly alarms: AlarmStore
  /** Runs `work`, which must not be asynchronous, in one transaction; rolls back if it throws. */
  transaction<Result>(work: () => Result): Result
  loadPosition(): Position
  savePosition(position: Position): void
  /** Of the keys, leases and remembered requests, as of `position`. */
  hash(position: Position): string
  /** Makes the file smaller by at most so many pages that are free; true while there are more. */
  returnFreePages(maxPages: number): boolean
  /** Of the file, and of what is in use of it. */
  readonly sizeBytes: number
  readonly usedBytes: number
}
