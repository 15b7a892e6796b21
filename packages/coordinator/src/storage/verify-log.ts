/**
 * Checks the newest part of the log at start, before the member says anything to anybody: a member
 * that lost or misread entries that it acknowledged must not vote (catalogue 34, 35).
 *
 * Bounded, so that a start is quick however long the log is; a row of the older part is checked by
 * the chain only up to where the check begins.
 */

import { dirname } from 'node:path'
import { chainChecksum } from './entry-checksum.js'
import type { LogRows } from './log-rows.js'
import type { LogStart } from './log-start.js'
import { StorageError } from './storage-error.js'
import { wayBack } from './way-back.js'

/** A fraction of a second of a start. */
const MAX_VERIFIED_ENTRIES = 20_000
const MAX_VERIFIED_BYTES = 64 * 1024 * 1024

/** @throws StorageError `damaged` */
export function verifyNewestEntries(
  rows: LogRows,
  start: LogStart,
  found: { readonly path: string; readonly memberId: string },
): void {
  const newest = rows.newestIndex()
  const first = rows.firstOfNewest(MAX_VERIFIED_ENTRIES, MAX_VERIFIED_BYTES)
  if (newest === undefined || first === undefined) return
  if (rows.oldestIndex() !== start.index + 1) throw damaged(found, start.index + 1)
  let { term, checksum } = rows.find(first - 1) ?? start
  let expected = first
  for (const row of rows.iterate(first, newest + 1)) {
    const isNext = row.index === expected && row.term >= term
    if (!isNext || row.checksum !== chainChecksum(checksum, row)) throw damaged(found, expected)
    ;({ term, checksum } = row)
    expected = row.index + 1
  }
  if (expected !== newest + 1) throw damaged(found, expected)
}

function damaged(
  { path, memberId }: { readonly path: string; readonly memberId: string },
  index: number,
): StorageError {
  return new StorageError(
    'damaged',
    `${path} is damaged at log entry ${index}: ${wayBack(dirname(path), memberId)}`,
  )
}
