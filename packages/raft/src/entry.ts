/** The replicated log's unit, and the state that must survive a restart beside it (Raft, Figure 2). */

/**
 * - `noop`: appended by each new leader, so that entries of older terms can commit (Raft §8).
 * - `command`: input of the state machine; the core never looks inside.
 * - `membership`: who belongs to the cluster from here on (thesis §4.1); see `membership.ts`.
 */
export type EntryKind = 'noop' | 'command' | 'membership'

export interface Entry {
  /** Position in the log, from 1. */
  readonly index: number
  /** The term of the leader that appended it. */
  readonly term: number
  readonly kind: EntryKind
  /** Empty if `kind` is `noop`. */
  readonly data: Uint8Array
}

/** What index, term, kind and length cost beside the data, on the wire and on disk. */
const ENTRY_OVERHEAD_BYTES = 16

/** The size by which every limit in bytes counts an entry, so that empty ones are not free. */
export function entryBytes(entry: Entry): number {
  return ENTRY_OVERHEAD_BYTES + entry.data.byteLength
}

/** The size of several entries together. */
export function totalBytes(entries: readonly Entry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += entryBytes(entry)
  return bytes
}
