/**
 * What main thread and log worker say to each other. The data of all entries of a write travel in
 * one ArrayBuffer that is moved, not copied: copying each entry's would cost more than the insert.
 */

import type { Entry, EntryKind, HardState, Snapshot } from '@holdfast/raft'
import type { DirectoryIdentity } from './directory-identity.js'

export interface LogWorkerData {
  readonly path: string
  readonly superblock: string
  readonly identity: DirectoryIdentity
}

export interface WriteMessage {
  readonly type: 'write'
  /** Counts the writes from 1; a completion names the newest that is durable. */
  readonly number: number
  readonly hardState: HardState | undefined
  /** Takes the place of the whole log; the entries follow it. */
  readonly snapshot: Snapshot | undefined
  readonly entries: PackedEntries | undefined
}

/** The entries up to `index` are not needed any more: a durable state holds them. */
export interface CutMessage {
  readonly type: 'cut'
  readonly index: number
}

export interface CloseMessage {
  readonly type: 'close'
}

export type ToLogWorker = WriteMessage | CutMessage | CloseMessage

/** Everything up to the write of this number is durable. */
export interface DurableMessage {
  readonly number: number
  /** Transactions, thus fsyncs, so far. */
  readonly transactions: number
}

export interface PackedEntries {
  readonly firstIndex: number
  readonly terms: readonly number[]
  readonly kinds: readonly EntryKind[]
  readonly lengths: readonly number[]
  readonly data: ArrayBuffer
}

export function packEntries(entries: readonly Entry[]): PackedEntries | undefined {
  const first = entries[0]
  if (first === undefined) return undefined
  const lengths = entries.map((entry) => entry.data.length)
  const data = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  let offset = 0
  for (const entry of entries) {
    data.set(entry.data, offset)
    offset += entry.data.length
  }
  return {
    firstIndex: first.index,
    terms: entries.map((entry) => entry.term),
    kinds: entries.map((entry) => entry.kind),
    lengths,
    data: data.buffer,
  }
}

export function unpackEntries(packed: PackedEntries): readonly Entry[] {
  let offset = 0
  return packed.lengths.map((length, at) => {
    const data = Buffer.from(packed.data, offset, length)
    offset += length
    return {
      index: packed.firstIndex + at,
      term: packed.terms[at] ?? 0,
      kind: packed.kinds[at] ?? 'noop',
      data,
    }
  })
}
