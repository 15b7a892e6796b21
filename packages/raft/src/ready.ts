/**
 * The core's output: everything that should happen since the last one was taken. The driver must
 * carry out the whole of it.
 *
 * Order (Raft §5.1 "respond after persisting"; thesis §10.2.1):
 *  - `messages` may leave at once, even before `append` is durable: the leader writes its own disk
 *    in parallel with its followers'.
 *  - `append.hardState` and `append.entries` are one durable write; writes complete in the order in
 *    which they were handed out. Only then `append.messages` leave, and only then the driver calls
 *    `onAppended(append.term, append.index)`.
 *  - `committed` entries are locally durable; they are applied in order, and `onApplied` follows.
 */

import type { Entry } from './entry.js'
import type { HardState } from './log-storage.js'
import type { MembershipAt } from './membership.js'
import type { MemberId, Message } from './message.js'
import type { Snapshot } from './snapshot.js'

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader'

/** What a member believes about its cluster. Not durable. */
export interface Status {
  readonly role: Role
  readonly term: number
  readonly leaderId: MemberId | undefined
  readonly commitIndex: number
}

/** One durable write. */
export interface Append {
  /** Present when term or vote changed. */
  readonly hardState: HardState | undefined
  /**
   * If present, it takes the place of the whole log and of the state; `entries` follow it. What was
   * handed out to be applied before is void.
   */
  readonly snapshot: Snapshot | undefined
  /** If not empty, they replace whatever the log holds from `entries[0].index` on. */
  readonly entries: readonly Entry[]
  /** Votes and acknowledgements that speak of this write: they leave when it is durable. */
  readonly messages: readonly Message[]
  /**
   * To be handed back to `onAppended`, once for each append and in their order: the member's term
   * now, and the log's last index.
   */
  readonly term: number
  readonly index: number
}

/** The read `ref` may be answered from any state that has applied `index` (thesis §6.4). */
export interface ReadState {
  readonly ref: number
  readonly index: number
}

export interface Ready {
  /** Present when role, term or leader changed. */
  readonly status: Status | undefined
  /** Present when another membership came into force, or one is again; committed or not. */
  readonly membership: MembershipAt | undefined
  readonly append: Append | undefined
  readonly messages: readonly Message[]
  readonly committed: readonly Entry[]
  readonly readStates: readonly ReadState[]
  /** Reads that cannot be served by what the member now knows; asking again is harmless. */
  readonly droppedReads: readonly number[]
  /** Forwarded proposals that were certainly not appended anywhere. */
  readonly droppedProposals: readonly number[]
  /**
   * These followers lack entries that are compacted away: each is to be sent a snapshot, and
   * `reportSnapshot` follows for each, whatever became of it.
   */
  readonly snapshotsToSend: readonly MemberId[]
}
