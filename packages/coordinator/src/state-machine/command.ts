/**
 * What the replicated log holds: one proposal an entry. Everything that applying it needs is in it;
 * ids and terms are drawn by the proposer, because apply has no clock and no chance.
 */

import type { DirectoryStamp } from './directory-stamp.js'
import type { LeaseId, Operation } from './operation.js'

export type Command =
  | { readonly type: 'kv'; readonly operation: Operation }
  | { readonly type: 'compact'; readonly revision: number }
  | { readonly type: 'leaseGrant'; readonly id: LeaseId; readonly ttlSeconds: number }
  | { readonly type: 'leaseRevoke'; readonly id: LeaseId }
  /**
   * The leader of `term` found the lease expired that the entry at `grantedIndex` had granted. Void
   * in an entry of any other term: a deposed or stalled leader's expiry must not kill a lease that
   * its successor renewed (etcd #15247, #17425). Void for any other grant of the same id as well.
   */
  | {
      readonly type: 'leaseExpire'
      readonly id: LeaseId
      readonly term: number
      readonly grantedIndex: number
    }
  /**
   * How long leases have left, as the leader of `term` counts: the next leader goes on from there. Void
   * in an entry of any other term, whose leader may have renewed them.
   */
  | {
      readonly type: 'leaseCheckpoint'
      readonly term: number
      readonly checkpoints: readonly LeaseCheckpoint[]
    }
  | { readonly type: 'publishMember'; readonly member: PublishedMember }
  | AlarmCommand

export interface LeaseCheckpoint {
  readonly id: LeaseId
  /** Of the very lease: its id may have been granted again. */
  readonly grantedIndex: number
  /** 0: all of its TTL. */
  readonly remainingSeconds: number
}

export interface AlarmCommand {
  readonly type: 'alarm'
  readonly action: 'raise' | 'disarm'
  readonly alarm: Alarm
}

/** As etcd calls them. NONE can be raised, and means nothing. */
export type AlarmType = 'NONE' | 'NOSPACE' | 'CORRUPT'

export interface Alarm {
  /** Who raised it, or whoever it was raised for. */
  readonly memberId: string
  readonly type: AlarmType
}

/** What a member tells the cluster about itself, replacing what it told before (etcd: publish). */
export interface PublishedMember {
  readonly id: string
  readonly name: string
  readonly clientUrls: readonly string[]
  /** Unknown of a member whose program did not tell. Never goes back: see `newerStamp`. */
  readonly directory?: DirectoryStamp | undefined
}

/** Identifies a request across retries, so that it takes effect once (thesis §6.3). */
export interface RequestId {
  readonly id: string
  /**
   * The newest revision that the client had seen when it first sent the request. Any earlier
   * attempt was applied at or after it, so an id older than what is still remembered is refused
   * instead of being executed again.
   */
  readonly issuedAtRevision: number
  /** Another attempt of the same request may be applied after this one. */
  readonly isRepetition?: boolean
}

export interface Proposal {
  /** The member and incarnation that proposed it, and its number there: whom to answer. */
  readonly origin: string
  readonly sequence: number
  readonly requestId: RequestId | undefined
  readonly command: Command
}
