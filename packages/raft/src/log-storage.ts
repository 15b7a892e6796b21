/**
 * The durable log, as the core reads it. The driver appends to it (see `Ready.append`) and tells the
 * core by `onAppended` when that is durable; the core only ever reads, and synchronously.
 */

import type { Entry } from './entry.js'
import type { MembershipAt } from './membership.js'
import type { MemberId } from './message.js'

/** Term and vote, stored in one write (Raft, Figure 2). */
export interface HardState {
  readonly term: number
  readonly votedFor: MemberId | undefined
}

export interface LogStorage {
  /**
   * What was durable when the member started. Read once. `memberships`: first the one in force
   * before the first entry, that of the start or of the snapshot; then those of the log's entries.
   */
  initialState(): {
    readonly hardState: HardState
    readonly memberships: readonly MembershipAt[]
  }
  /** Index of the oldest entry that can be read; 1 until the log is compacted. Never falls. */
  firstIndex(): number
  /** Index of the newest entry handed to the storage; 0 if the log is empty. */
  lastIndex(): number
  /** Term of the entry at `index`, for firstIndex - 1 ≤ index ≤ lastIndex. The term of index 0 is 0. */
  term(index: number): number
  /**
   * Entries in [from, to), at least one if from < to, and no more than fit in `maxBytes`.
   * firstIndex ≤ from ≤ to ≤ lastIndex + 1.
   */
  entries(from: number, to: number, maxBytes: number): readonly Entry[]
}
