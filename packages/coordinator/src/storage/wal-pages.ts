/**
 * What a WAL holds of its database, whose pages count from 0 here (SQLite, file format, §4.1).
 *
 *   header, 32 bytes   magic, version, page size, number of the checkpoint, salt (8), checksum (8)
 *   frame              page, size of the database if it ends a transaction, salt (8), checksum (8);
 *                      the page's bytes
 */

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { PAGE_BYTES } from './page-size.js'
import { WalChecksum } from './wal-checksum.js'

const WAL_HEADER_BYTES = 32
const PAGE_SIZE_AT = 8
const WAL_SALT_AT = 16
const FRAME_HEADER_BYTES = 24
export const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES
const ENDS_TRANSACTION_AT = 4
const FRAME_SALT_AT = 8
const SALT_BYTES = 8
const FRAME_CHECKSUM_AT = 16
/** Read at a time. */
const CHUNK_FRAMES = 256

export interface WalContent {
  /** Those that SQLite reads from the WAL. */
  readonly pages: ReadonlySet<number>
  /** How many pages the database has; of an empty WAL, it is the database that says so. */
  readonly databasePages: number | undefined
}

export const EMPTY_WAL: WalContent = { pages: new Set(), databasePages: undefined }

/**
 * As SQLite sees it when it opens the database. The first frame that is not valid is the end for it,
 * and what follows the last whole transaction before that does not count: pages of later frames it
 * reads from the database.
 */
export function readWal(walPath: string): WalContent {
  return withWal(walPath, EMPTY_WAL, (descriptor, header) => {
    const pages = new Set<number>()
    const checksum = WalChecksum.ofHeader(header)
    if (checksum === undefined || header.readUInt32BE(PAGE_SIZE_AT) !== PAGE_BYTES) return EMPTY_WAL
    let databasePages: number | undefined
    let transaction: number[] = []
    for (const frame of framesOf(descriptor, 0, Infinity)) {
      checksum.add(frame.subarray(0, FRAME_SALT_AT))
      checksum.add(frame.subarray(FRAME_HEADER_BYTES))
      const number = frame.readUInt32BE(0)
      const isValid =
        number > 0 && isOfHeader(frame, header) && checksum.isAt(frame, FRAME_CHECKSUM_AT)
      if (!isValid) break
      transaction.push(number - 1)
      const size = frame.readUInt32BE(ENDS_TRANSACTION_AT)
      if (size === 0) continue
      for (const page of transaction) pages.add(page)
      transaction = []
      databasePages = size
    }
    return { pages, databasePages }
  })
}

/** Those of the frames from `fromFrame` up to `toFrame`, of a WAL that SQLite has open. */
export function pagesOfFrames(
  walPath: string,
  fromFrame: number,
  toFrame = Infinity,
): ReadonlySet<number> {
  return withWal<ReadonlySet<number>>(walPath, new Set(), (descriptor, header) => {
    const pages = new Set<number>()
    for (const frame of framesOf(descriptor, fromFrame, toFrame)) {
      if (isOfHeader(frame, header)) pages.add(frame.readUInt32BE(0) - 1)
    }
    return pages
  })
}

function withWal<Found>(
  walPath: string,
  nothing: Found,
  read: (descriptor: number, header: Buffer) => Found,
): Found {
  if (!existsSync(walPath)) return nothing
  // The WAL file carries no locks, so it can be opened and closed at will.
  const descriptor = openSync(walPath, 'r')
  try {
    const header = Buffer.alloc(WAL_HEADER_BYTES)
    readSync(descriptor, header, 0, WAL_HEADER_BYTES, 0)
    return read(descriptor, header)
  } finally {
    closeSync(descriptor)
  }
}

/** Frames of an earlier life of the WAL have another salt. */
function isOfHeader(frame: Buffer, header: Buffer): boolean {
  const salt = header.subarray(WAL_SALT_AT, WAL_SALT_AT + SALT_BYTES)
  return frame.subarray(FRAME_SALT_AT, FRAME_SALT_AT + SALT_BYTES).equals(salt)
}

/** Whole frames, each good until the next is asked for. */
function* framesOf(descriptor: number, from: number, to: number): Generator<Buffer> {
  const whole = Math.floor((fstatSync(descriptor).size - WAL_HEADER_BYTES) / FRAME_BYTES)
  const end = Math.min(to, whole)
  const chunk = Buffer.allocUnsafe(CHUNK_FRAMES * FRAME_BYTES)
  for (let first = from; first < end; first += CHUNK_FRAMES) {
    const count = Math.min(CHUNK_FRAMES, end - first)
    readSync(descriptor, chunk, 0, count * FRAME_BYTES, WAL_HEADER_BYTES + first * FRAME_BYTES)
    for (let at = 0; at < count; at += 1) {
      yield chunk.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES)
    }
  }
}
