/**
 * Writes a snapshot to a file, which has its name only when it is whole and durable. Until then it has
 * one that nobody else gives to theirs: two jobs that overlap would otherwise write into each other's.
 */

import { createHash, randomBytes } from 'node:crypto'
import { access, constants, open, realpath, rename, rm, stat } from 'node:fs/promises'
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
 * @throws StartError when the sum is another one, something else than a file is there, or none can be
 * made; nothing is left of it
 */
export async function writeSnapshot(
  pieces: AsyncIterable<Uint8Array>,
  path: string,
): Promise<WrittenSnapshot> {
  const target = await targetOf(path)
  await requireWritable(path, dirname(target))
  const part = `${target}.${randomBytes(4).toString('hex')}.part`
  try {
    const written = await writePart(pieces, part)
    await rename(part, target)
    await syncDirectory(dirname(target))
    return written
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

/** Where a link leads to. What is there must be a file: a rename would replace a device as well. */
async function targetOf(path: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (found === undefined) return path
  if (found.isFile()) return realpath(path)
  throw new StartError('badTarget', `${path} is no file: a snapshot is not written over it`)
}

/** Else the name that is complained of would be one that nobody has given. */
async function requireWritable(path: string, directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK)
  } catch (cause) {
    const message = `${path} cannot be written: ${directory} is not there, or not writable`
    throw new StartError('badTarget', message, { cause })
  }
}

async function writePart(
  pieces: AsyncIterable<Uint8Array>,
  part: string,
): Promise<WrittenSnapshot> {
  const file = await open(part, 'wx', 0o600)
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
