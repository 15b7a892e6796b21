/**
 * The file that clients make of `/v3/maintenance/snapshot`: a copy of the state, and behind it the
 * SHA-256 of it (etcd: etcdutl/snapshot, which lays out its own files in the same way).
 */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

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

/** Writes what is in front of the sum to a new file. @throws SnapshotFileError */
export async function extractCopy(path: string, to: string): Promise<SnapshotFile> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new SnapshotFileError(reasonOf(cause), { cause })
  })
  const bytes = size - SUM_BYTES
  if (bytes < SQLITE.length) throw new SnapshotFileError(`${path} is too short for a snapshot`)
  const hash = createHash('sha256')
  let isSqlite: boolean | undefined
  await pipeline(
    createReadStream(path, { end: bytes - 1, highWaterMark: CHUNK_BYTES }),
    async function* (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        isSqlite ??= piece.subarray(0, SQLITE.length).equals(SQLITE)
        hash.update(piece)
        yield piece
      }
    },
    async (pieces: AsyncIterable<Buffer>) => {
      const file = await open(to, 'wx', 0o600)
      try {
        for await (const piece of pieces) await file.writeFile(piece)
      } finally {
        await file.close()
      }
    },
  )
  const sha256 = hash.digest('hex')
  if (sha256 !== (await sumOf(path, bytes))) {
    throw new SnapshotFileError(`${path} is damaged or not whole: its checksum is another one`)
  }
  if (isSqlite !== true) {
    throw new SnapshotFileError(`${path} is a snapshot of something else than a coordinator`)
  }
  return { bytes, sha256 }
}

async function sumOf(path: string, at: number): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SUM_BYTES), 0, SUM_BYTES, at)
    return buffer.subarray(0, bytesRead).toString('hex')
  } finally {
    await file.close()
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
