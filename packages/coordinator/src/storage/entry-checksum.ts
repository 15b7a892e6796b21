/**
 * Each entry's checksum covers the one before it, its index, term, kind and data. So a flipped bit,
 * an entry in the wrong place and a piece of an older log are all found (catalogue 35), not only
 * damage within one entry.
 */

import { crc32 } from 'node:zlib'
import type { Entry } from '@holdfast/raft'

/** The checksum before the first entry. */
export const EMPTY_LOG_CHECKSUM = 0

export function chainChecksum(previous: number, entry: Entry): number {
  const header = crc32(`${previous} ${entry.index} ${entry.term} ${entry.kind} `)
  // zlib answers 0 instead of the given checksum when an empty buffer has no memory behind it.
  return entry.data.length === 0 ? header : crc32(entry.data, header)
}
