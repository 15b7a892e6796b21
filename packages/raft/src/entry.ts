/** The replicated log's unit, and the state that must survive a restart beside it (Raft, Figure 2). */

/**
 * - `noop`: appended by each new leader, so that entries of older terms can commit (Raft §8).
 * - `command`: input of the state machine; the core never looks inside.
 *
 * Membership changes will be a kind of their own.
 */
export type EntryKind = 'noop' | 'command'

export interface Entry {
  /** Position in the log, from 1. */
  readonly index: number
  /** The term of the leader that appended it. */
  readonly term: number
  readonly kind: EntryKind
  /** Empty unless `kind` is `command`. */
  readonly data: Uint8Array
}
