/**
 * Copies the database of the state, byte for byte, while the WAL is not part of it and nobody copies
 * the WAL into it: the copy is the state as the last checkpoint left it.
 */

import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { formatOf } from './migrate.js'
import type { PageSums } from './page-sums.js'
import { PageSumming } from './page-summing.js'
import { openClient, type ConnectionMode } from './sqlite-client.js'
import { writeFully } from './write-fully.js'

/** What a copy of the state holds, and how to tell that another copy of it is whole. */
export interface StateCopy {
  /** The newest entry that was applied to it. */
  readonly index: number
  readonly term: number
  readonly bytes: number
  /** In hexadecimal. */
  readonly sha256: string
}

/** A page of the state is another one than the last checkpoint has left. */
export class DamagedPageError extends Error {
  override readonly name = 'DamagedPageError'
  /** From 0. */
  readonly page: number

  constructor(page: number) {
    super(`page ${page + 1} of the state is damaged`)
    this.page = page
  }
}

const CHUNK_BYTES = 1024 * 1024

/**
 * @param descriptor of the database. Opening it anew, and closing that, would drop the locks that
 * this process holds on it.
 * @param sums of its pages: with a checksum of its own, a damaged copy would be taken for a sound one
 * @throws DamagedPageError
 */
export function copyState(descriptor: number, to: string, sums: PageSums): StateCopy {
  const hash = createHash('sha256')
  const copied = new PageSumming()
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  const target = openSync(to, 'w', 0o600)
  let bytes = 0
  try {
    for (;;) {
      const length = readSync(descriptor, chunk, 0, CHUNK_BYTES, bytes)
      if (length === 0) break
      const piece = chunk.subarray(0, length)
      hash.update(piece)
      copied.add(piece)
      writeFully(target, piece)
      bytes += length
    }
  } finally {
    closeSync(target)
  }
  const damaged = sums.firstDifference(copied.sums)
  if (damaged !== undefined) throw new DamagedPageError(damaged)
  return { ...readPosition(to), bytes, sha256: hash.digest('hex') }
}

/** Read from the copy itself, so that it cannot differ from it. */
export function readPosition(
  path: string,
  mode: ConnectionMode = 'full',
): { readonly index: number; readonly term: number } {
  const client = openClient(path, mode)
  try {
    if (formatOf(client) === 0) return { index: 0, term: 0 }
    const position = client
      .prepare('SELECT applied_index AS "index", applied_term AS term FROM position')
      .get() as { index: number; term: number } | undefined
    return position ?? { index: 0, term: 0 }
  } finally {
    client.close()
  }
}
