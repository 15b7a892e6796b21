/**
 * A checksum of every page of state.db, as its last checkpoint left it, beside it in `state.sums`:
 * SQLite does not notice a bit that is another one within a value, and we would serve it
 * (catalogue 35). Pages that SQLite reads from the WAL are not looked at: a checkpoint may have copied
 * them in part, and the WAL's frames have checksums of their own.
 *
 *   sums of all pages but those in the WAL = what is in state.db, at every moment
 *
 * So a checkpoint makes the new sums durable when it has copied everything and before it empties the
 * WAL. Nobody else changes state.db (wal-guard.ts) but who removes them before; they are made anew.
 * A snapshot comes with its own, made of its bytes as they were received.
 *
 *   16 bytes      names the format
 *   4 bytes each  CRC-32 of a page, little-endian
 *   4 bytes       CRC-32 of all before
 */

import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { syncDirectory } from './data-directory.js'
import { PAGE_BYTES } from './page-size.js'
import { StorageError } from './storage-error.js'
import { readWal, type WalContent } from './wal-pages.js'
import { writeFully } from './write-fully.js'

const FORMAT = Buffer.from('holdfast sums 1\n')
const SUM_BYTES = 4
/** Pages read at a time. */
const CHUNK_PAGES = 256

export function sumsPathOf(statePath: string): string {
  return statePath.replace(/\.db$/, '.sums')
}

/** Before the state is changed by anybody but a checkpoint. Returns when it is durable. */
export function forgetSums(statePath: string): void {
  rmSync(sumsPathOf(statePath), { force: true })
  syncDirectory(dirname(statePath))
}

export class PageSums {
  #sums: Uint32Array

  private constructor(sums: Uint32Array) {
    this.#sums = sums
  }

  /** Of the database as it is. */
  static of(descriptor: number): PageSums {
    const sums = new PageSums(new Uint32Array(0))
    sums.#cover(descriptor)
    return sums
  }

  /** Made elsewhere, of each page in order. */
  static from(sums: readonly number[]): PageSums {
    return new PageSums(Uint32Array.from(sums))
  }

  /**
   * As they were saved; undefined if they were not. No crash leaves them saved in part: whoever took
   * damaged ones for none would make new ones of a state that may be damaged with them.
   * @throws StorageError `damaged`
   */
  static load(path: string, way: string): PageSums | undefined {
    if (!existsSync(path)) return undefined
    const bytes = readFileSync(path)
    const end = bytes.length - SUM_BYTES
    const isWhole =
      end >= FORMAT.length &&
      bytes.subarray(0, FORMAT.length).equals(FORMAT) &&
      bytes.readUInt32LE(end) === crc32(bytes.subarray(0, end))
    if (!isWhole) throw new StorageError('damaged', `${path} is damaged: ${way}`)
    const count = (end - FORMAT.length) / SUM_BYTES
    const at = (page: number): number => bytes.readUInt32LE(FORMAT.length + page * SUM_BYTES)
    return new PageSums(Uint32Array.from({ length: count }, (_, page) => at(page)))
  }

  /** These pages, from 0, and those at the end that are new or gone, are other ones. */
  update(descriptor: number, pages: ReadonlySet<number>): void {
    this.#cover(descriptor)
    const page = Buffer.allocUnsafe(PAGE_BYTES)
    for (const number of pages) {
      if (number >= this.#sums.length) continue
      readSync(descriptor, page, 0, PAGE_BYTES, number * PAGE_BYTES)
      this.#sums[number] = crc32(page)
    }
  }

  /** As `load` reads them. */
  encode(): Buffer {
    const bytes = Buffer.alloc(FORMAT.length + (this.#sums.length + 1) * SUM_BYTES)
    FORMAT.copy(bytes)
    for (const [page, sum] of this.#sums.entries()) {
      bytes.writeUInt32LE(sum, FORMAT.length + page * SUM_BYTES)
    }
    const end = bytes.length - SUM_BYTES
    bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end)
    return bytes
  }

  /** Returns when they are durable. */
  save(path: string): void {
    const part = `${path}.new`
    const descriptor = openSync(part, 'w', 0o600)
    try {
      writeFully(descriptor, this.encode())
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(part, path)
    syncDirectory(dirname(path))
  }

  /**
   * The first page, from 0, that is another one than it was, or is missing. A checkpoint cuts the
   * file before it saves the sums of what is left, but not before the WAL, which says where the
   * database ends, is durable.
   */
  findDamage(descriptor: number, { pages, databasePages }: WalContent): number | undefined {
    let damaged: number | undefined
    const end = Math.min(this.#sums.length, databasePages ?? Infinity)
    readPages(descriptor, 0, end, (page, number) => {
      if (!pages.has(number) && crc32(page) !== this.#sums[number]) damaged = number
      return damaged === undefined
    })
    return damaged
  }

  /** The first page, from 0, of which the other has another sum, or which one of them lacks. */
  firstDifference(other: PageSums): number | undefined {
    const count = Math.max(this.#sums.length, other.#sums.length)
    for (let page = 0; page < count; page += 1) {
      if (this.#sums[page] !== other.#sums[page]) return page
    }
    return undefined
  }

  /** No sums of pages that are not there any more, and the ones of those at the end that have none. */
  #cover(descriptor: number): void {
    const count = Math.floor(fstatSync(descriptor).size / PAGE_BYTES)
    const known = this.#sums.length
    if (count === known) return
    if (count < known) {
      this.#sums = this.#sums.slice(0, count)
      return
    }
    const sums = new Uint32Array(count)
    sums.set(this.#sums)
    readPages(descriptor, known, count, (page, number) => {
      sums[number] = crc32(page)
      return true
    })
    this.#sums = sums
  }
}

/** @param page from 0; SQLite counts from 1 */
export function damagedPage(path: string, page: number, way: string): StorageError {
  return new StorageError('damaged', `${path} is damaged at page ${page + 1}: ${way}`)
}

/** What there is to say against the state that a start finds. @throws StorageError `damaged` */
export function verifyPages(statePath: string, way: string): void {
  const sums = PageSums.load(sumsPathOf(statePath), way)
  if (sums === undefined) return
  const descriptor = openSync(statePath, 'r')
  try {
    const damaged = sums.findDamage(descriptor, readWal(`${statePath}-wal`))
    if (damaged === undefined) return
    throw damagedPage(statePath, damaged, way)
  } finally {
    // Before SQLite has opened it: closing a descriptor drops all locks that the process holds.
    closeSync(descriptor)
  }
}

/** Until `use` wants no more. */
function readPages(
  descriptor: number,
  from: number,
  to: number,
  use: (page: Buffer, number: number) => boolean,
): void {
  const chunk = Buffer.allocUnsafe(CHUNK_PAGES * PAGE_BYTES)
  for (let first = from; first < to; first += CHUNK_PAGES) {
    const count = Math.min(CHUNK_PAGES, to - first)
    chunk.fill(0)
    readSync(descriptor, chunk, 0, count * PAGE_BYTES, first * PAGE_BYTES)
    for (let at = 0; at < count; at += 1) {
      if (!use(chunk.subarray(at * PAGE_BYTES, (at + 1) * PAGE_BYTES), first + at)) return
    }
  }
}
