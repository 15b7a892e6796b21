/**
 * Keeps SQLite from copying the WAL into the database and deleting it when the last connection that
 * may write is closed: whether by us, by the end of a thread, or by the end of the process. That copy
 * would be made without an fsync, or by one that has failed before (catalogue 32), and beside
 * checksums that know nothing of it (page-sums.ts).
 *
 * The guard is a connection that may only read. While it is open, no other is the last one; and when
 * it is closed itself, SQLite lacks the exclusive lock that the copy needs, since a file that is
 * opened for reading cannot be locked for writing (fcntl, EBADF).
 */

import type { Database } from 'better-sqlite3'
import { formatOf } from './migrate.js'
import { openClient } from './sqlite-client.js'

export class WalGuard {
  readonly #client: Database

  /** Of a database in WAL mode. @throws StorageError */
  constructor(path: string) {
    this.#client = openClient(path, 'readonly')
    try {
      // From the first read on it has the shared lock, as every connection in WAL mode.
      formatOf(this.#client)
    } catch (error) {
      this.#client.close()
      throw error
    }
  }

  /** To be called when all others are closed. */
  close(): void {
    this.#client.close()
  }
}
