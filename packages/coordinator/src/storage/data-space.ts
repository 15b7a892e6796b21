/**
 * How much room there is on the disk of the data directory, and a file that holds some of it for when
 * there is none: to let it go is the only way to make room that needs none.
 */

import { rmSync } from 'node:fs'
import { open, stat, statfs } from 'node:fs/promises'
import { pathsIn, type DirectoryPaths } from './directory-paths.js'

/** Enough for thousands of deletes, a compaction and some restarts. */
const RESERVE_BYTES = 32 * 1024 * 1024
/** Without so much, SQLite cannot open its files. */
const NEEDED_TO_START_BYTES = 16 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024

export class DataSpace {
  readonly #paths: DirectoryPaths

  constructor(directory: string) {
    this.#paths = pathsIn(directory)
  }

  /** Makes room for a start on a full disk, before the storage is opened. */
  async prepareStart(): Promise<void> {
    const free = await this.freeBytes().catch(() => Infinity)
    if (free < NEEDED_TO_START_BYTES) this.release()
  }

  /** Less what is in the WALs: the databases may grow by so much without anything being written. */
  async freeBytes(): Promise<number> {
    const { directory, state, raft } = this.#paths
    const { bavail, bsize } = await statfs(directory)
    const wals = [state, raft].map(async (path) => {
      const file = await stat(`${path}-wal`).catch(() => undefined)
      return file?.size ?? 0
    })
    const [ofState = 0, ofLog = 0] = await Promise.all(wals)
    return bavail * bsize - ofState - ofLog
  }

  /** It is written, not only made long: a hole would hold nothing. */
  async hold(): Promise<void> {
    const held = await stat(this.#paths.reserve).catch(() => undefined)
    if (held?.size === RESERVE_BYTES) return
    const file = await open(this.#paths.reserve, 'w', 0o600)
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES)
      for (let at = 0; at < RESERVE_BYTES; at += CHUNK_BYTES) {
        await file.write(chunk, 0, CHUNK_BYTES, at)
      }
    } finally {
      await file.close()
    }
  }

  release(): void {
    rmSync(this.#paths.reserve, { force: true })
  }
}
