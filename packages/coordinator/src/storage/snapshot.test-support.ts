/** Members with a state, and how a snapshot gets from one to another. */

import { readFileSync } from 'node:fs'
import type { StateCopy } from './copy-state.js'
import type { IncomingSnapshot, Storage } from './open-storage.js'
import { logAndApply, newDirectory, open, putAt } from './storage.test-support.js'

export const MEMBERSHIP = {
  voters: ['1', '2', '3'],
  learners: ['4'],
  context: Buffer.from('addresses'),
}

/** A member whose state holds `count` puts, one an entry, all durable in its log. */
export async function memberWith(count: number, directory = newDirectory()): Promise<Storage> {
  const storage = await open(directory)
  const from = storage.log.lastIndex() + 1
  await logAndApply(
    storage,
    Array.from({ length: count }, (_, at) => putAt(from + at, `key${from + at}`)),
  )
  return storage
}

export interface Sent {
  readonly copy: StateCopy
  readonly bytes: Buffer
}

export async function snapshotOf(storage: Storage): Promise<Sent> {
  const { path, release, index, term, bytes, sha256 } = await storage.outgoing.take()
  const sent = { copy: { index, term, bytes, sha256 }, bytes: readFileSync(path) }
  release()
  return sent
}

export function receive(storage: Storage, { copy, bytes }: Sent): IncomingSnapshot {
  const incoming = storage.receiveSnapshot(copy)
  for (let at = 0; at < bytes.length; at += 10_000) incoming.write(bytes.subarray(at, at + 10_000))
  return incoming
}

/** The log of `storage` begins behind the snapshot, durably. */
export function beginBehind(storage: Storage, { copy }: Sent): Promise<void> {
  const snapshot = { index: copy.index, term: copy.term, membership: MEMBERSHIP }
  return new Promise((resolve) => {
    storage.log.append({ hardState: undefined, snapshot, entries: [] }, resolve)
  })
}

export function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at]! ^= 1
  return copy
}
