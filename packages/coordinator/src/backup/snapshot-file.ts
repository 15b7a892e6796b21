/**
 * The file that clients make of `/v3/maintenance/snapshot`: a copy of the state, and behind it the
 * SHA-256 of it (etcd: etcdutl/snapshot, which lays out its own files in the same way).
 */

import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { StorageError } from '../storage/open-storage.js'
import { readBackup, type BackupContent } from '../storage/restored-state.js'

const SUM_BYTES = 32
const CHUNK_BYTES = 1024 * 1024
const SQLITE = Buffer.from('SQLite format 3\0')

/** The file is no whole snapshot of a coordinator; the message is one line that says why. */
export class SnapshotFileError extends Error {
  override readonly name = 'SnapshotFileError'
}

export interface SnapshotFile {
  /** Of the copy, without its sum. */
  readonly bytes: number
  /** Of the copy, in hexadecimal. */
  readonly sha256: string
}

/**
 * Writes what is in front of the sum to a new file, and brings that to this program's format.
 *
 * @throws {SnapshotFileError}
 * @throws {StorageError}, or an error of the system, when the new file cannot be written
 */
export async function extractSnapshot(
  path: string,
  to: string,
): Promise<SnapshotFile & BackupContent> {
  const file = await open(path).catch((cause: unknown) => {
    throw new SnapshotFileError(`${path} cannot be read: ${reasonOf(cause)}`, { cause })
  })
  try {
    const copy = await extractCopy(path, file, to)
    return { ...copy, ...ofSnapshot(path, to, () => readBackup(to)) }
  } finally {
    await file.close()
  }
}

/**
 * What is wrong with a copy is wrong with the file that it was made of, which is the one that its owner
 * knows. @throws {SnapshotFileError}
 */
export function ofSnapshot<Result>(path: string, copy: string, use: () => Result): Result {
  try {
    return use()
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause
    const reason = cause.message.replace(`${copy} `, '')
    if (cause.code === 'formatTooNew') {
      const newer = `${path} was made by a newer program: it ${reason}`
      throw new SnapshotFileError(newer, { cause })
    }
    if (cause.code !== 'damaged') throw cause
    throw new SnapshotFileError(`${path} is no snapshot of a coordinator: ${reason}`, { cause })
  }
}

async function extractCopy(path: string, from: FileHandle, to: string): Promise<SnapshotFile> {
  const found = await from.stat()
  if (!found.isFile()) throw new SnapshotFileError(`${path} is no file`)
  const bytes = found.size - SUM_BYTES
  if (bytes < SQLITE.length) throw new SnapshotFileError(`${path} is too short for a snapshot`)
  const hash = createHash('sha256')
  const copy = await open(to, 'wx', 0o600)
  try {
    for (let at = 0; at < bytes; at += CHUNK_BYTES) {
      const piece = await readAt(path, from, at, Math.min(CHUNK_BYTES, bytes - at))
      hash.update(piece)
      await copy.writeFile(piece)
    }
  } finally {
    await copy.close()
  }
  const sha256 = hash.digest('hex')
  const sum = await readAt(path, from, bytes, SUM_BYTES)
  if (sha256 !== sum.toString('hex')) {
    throw new SnapshotFileError(`${path} is damaged or not whole: its checksum is another one`)
  }
  if (!SQLITE.equals(await readAt(path, from, 0, SQLITE.length))) {
    throw new SnapshotFileError(
      `${path} is a snapshot of something else than a coordinator: one of an etcd needs etcdutl`,
    )
  }
  return { bytes, sha256 }
}

/** Fewer than so many bytes when the file has become shorter. @throws {SnapshotFileError} */
async function readAt(path: string, file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file
    .read(Buffer.alloc(bytes), 0, bytes, at)
    .catch((cause: unknown) => {
      throw new SnapshotFileError(`${path} cannot be read: ${reasonOf(cause)}`, { cause })
    })
  return buffer.subarray(0, bytesRead)
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
