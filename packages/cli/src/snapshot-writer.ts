/** Writes a snapshot to a file, which has its name only when it is whole and durable. */

import { createHash } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

import { StartError } from './failure.js'

const SUM_BYTES = 32

export interface WrittenSnapshot {
  /** Of the file. */
  readonly bytes: number
  /** Of the copy in it, in hexadecimal. */
  readonly sha256: string
}

/**
 * @param pieces of the copy, and at their end its SHA-256
 * @throws StartError when the sum is another one, or the file cannot be written; nothing is left of it
 */
export async function writeSnapshot(
  pieces: AsyncIterable<Uint8Array>,
  path: string,
): Promise<WrittenSnapshot> {
  const part = `${path}.part`
  try {
    const written = await writePart(pieces, part)
    await rename(part, path)
    await syncDirectory(dirname(path))
    return written
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

async function writePart(
  pieces: AsyncIterable<Uint8Array>,
  part: string,
): Promise<WrittenSnapshot> {
  const file = await open(part, 'w', 0o600)
  try {
    const hash = createHash('sha256')
    let bytes = 0
    // What is not summed yet: it may be the sum.
    let tail: Uint8Array = Buffer.alloc(0)
    for await (const piece of pieces) {
      const both = Buffer.concat([tail, piece])
      const summed = Math.max(0, both.byteLength - SUM_BYTES)
      hash.update(both.subarray(0, summed))
      tail = both.subarray(summed)
      await file.writeFile(piece)
      bytes += piece.byteLength
    }
    const sum = hash.digest()
    if (!sum.equals(tail))
      throw new StartError('badSnapshot', 'the snapshot was damaged on its way')
    await file.sync()
    return { bytes, sha256: sum.toString('hex') }
  } finally {
    await file.close()
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
