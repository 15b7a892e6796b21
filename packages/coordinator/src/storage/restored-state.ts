/**
 * A copy of the state that somebody has kept: what is in it, and how it becomes the beginning of
 * another cluster.
 *
 * Whoever saw the old cluster after the copy was made knows revisions that the copy does not have. So
 * the new cluster begins far behind them, and has forgotten everything before (etcd: etcdutl snapshot
 * restore --bump-revision --mark-compacted): no revision of the old cluster is given again, fencing
 * tokens never fall, and a watch from an old revision hears that it is compacted instead of missing
 * changes. Where the new one begins follows from the file and the bump alone: of a cluster that was
 * restored from such a file before, nothing is known here, so it takes a larger bump to be above that.
 */

import Database from 'better-sqlite3'
import { count, eq } from 'drizzle-orm'
import { openConnection, type Connection } from './connection.js'
import { migrate } from './migrate.js'
import { asUnusable } from './sqlite-client.js'
import { StorageError } from './storage-error.js'
import { STATE_MIGRATIONS } from './state-migrations.js'
import { alarms, leases, live, members, position, requests } from './state-schema.js'
import { transactionsOf } from './transaction.js'

/** The place in its log that the new cluster's state is at. */
export const RESTORED_AT = { index: 1, term: 1 } as const

export interface BackupContent {
  /** The newest that it holds. */
  readonly revision: number
  /** History before it is not in it. */
  readonly compactRevision: number
  /** Keys that exist at its revision. */
  readonly keys: number
  readonly leases: number
  /** The cluster that it was taken of: an unsigned 64-bit integer in decimal. */
  readonly clusterId: string
  /** The index and the term of the newest log entry in it. */
  readonly raftIndex: number
  readonly raftTerm: number
}

/** Brings the copy to this program's format. @throws StorageError */
export function readBackup(path: string): BackupContent {
  return withState(path, (connection) => contentOf(path, connection))
}

/** @throws StorageError */
export function rebaseState(path: string, clusterId: string, revision: number): void {
  withState(path, (connection) => {
    const { db } = connection
    contentOf(path, connection)
    transactionsOf(connection)(() => {
      // Of the old cluster's members, and of requests to it.
      for (const table of [members, alarms, requests]) db.delete(table).run()
      db.update(leases).set({ grantedIndex: 0 }).run()
      db.update(position)
        .set({
          ...{ clusterId, appliedIndex: RESTORED_AT.index, appliedTerm: RESTORED_AT.term },
          ...{ revision, compactRevision: revision, evictedRevision: revision },
        })
        .where(eq(position.id, 1))
        .run()
    })
    connection.client.pragma('wal_checkpoint(TRUNCATE)')
  })
}

function withState<Result>(path: string, use: (connection: Connection) => Result): Result {
  const connection = openConnection(path, 'full')
  try {
    migrate(connection, STATE_MIGRATIONS)
    return use(connection)
  } catch (error) {
    throw asUnreadable(path, error)
  } finally {
    connection.client.close()
  }
}

/** What SQLite says of a database that is not ours is told from what the disk has against it. */
function asUnreadable(path: string, error: unknown): unknown {
  const isOfDisk = /^SQLITE_(?:FULL|IOERR|CANTOPEN|READONLY)/
  if (!(error instanceof Database.SqliteError) || isOfDisk.test(error.code)) {
    return asUnusable(path, error)
  }
  return new StorageError('damaged', `${path} cannot be used: ${error.message}`, { cause: error })
}

function contentOf(path: string, { db }: Connection): BackupContent {
  const row = db.select().from(position).get()
  if (row === undefined) throw new StorageError('damaged', `${path} says nothing of its revision`)
  return {
    revision: row.revision,
    compactRevision: row.compactRevision,
    keys: db.select({ keys: count() }).from(live).get()?.keys ?? 0,
    leases: db.select({ leases: count() }).from(leases).get()?.leases ?? 0,
    clusterId: row.clusterId,
    raftIndex: row.appliedIndex,
    raftTerm: row.appliedTerm,
  }
}
