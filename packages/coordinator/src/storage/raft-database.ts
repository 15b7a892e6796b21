/**
 * raft.db at start: created or migrated, checked to be this member's, and its newest part verified.
 * All of it happens before the log worker opens the file, on a connection that is closed again.
 */

import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  encodeMembership,
  type HardState,
  type Membership,
  type MembershipAt,
} from '@holdfast/raft'
import { openConnection, type Connection } from './connection.js'
import type { DirectoryIdentity } from './directory-identity.js'
import { pathsIn } from './directory-paths.js'
import { EMPTY_LOG_CHECKSUM } from './entry-checksum.js'
import { loadHardState } from './hard-state-row.js'
import { LogRows } from './log-rows.js'
import { formatOf, migrate } from './migrate.js'
import { LogStartRow, type LogStart } from './log-start.js'
import {
  FORMAT_WITH_RESTORED,
  hardState,
  identity,
  logStart,
  RAFT_MIGRATIONS,
} from './raft-schema.js'
import { asUnusable } from './sqlite-client.js'
import { StorageError } from './storage-error.js'
import { readClaim } from './superblock.js'
import { transactionsOf } from './transaction.js'
import { verifyNewestEntries } from './verify-log.js'
import { verifyAgainstClaim } from './verify-superblock.js'
import { WalGuard } from './wal-guard.js'

const EMPTY_LOG_START = { index: 0, term: 0, checksum: EMPTY_LOG_CHECKSUM }

export interface RaftDatabaseOptions {
  readonly path: string
  readonly identity: DirectoryIdentity
  /** Stored when the database is created; afterwards the stored one holds. */
  readonly membership: Membership
  /** What is kept outside of the database, to be compared with it; see superblock.ts. */
  readonly superblock: string
}

/** What was durable when the member started. */
export interface StoredLog {
  readonly hardState: HardState
  readonly memberships: readonly MembershipAt[]
  readonly start: LogStart
  readonly lastIndex: number
}

/** Whose the directory is; undefined if it is nobody's yet. */
export function readDirectoryIdentity(directory: string): DirectoryIdentity | undefined {
  const path = pathsIn(directory).raft
  if (!existsSync(path) || statSync(path).size === 0) return undefined
  const connection = openConnection(path, 'readonly')
  try {
    // A crash at the very first start leaves a database without tables.
    if (formatOf(connection.client) === 0) return undefined
    return ownerIn(connection)
  } finally {
    connection.client.close()
  }
}

/** Of a database that may still have an earlier format. */
function ownerIn({ client, db }: Connection): DirectoryIdentity | undefined {
  const { clusterId, memberId, restoredFrom } = identity
  const ids = { clusterId, memberId }
  if (formatOf(client) < FORMAT_WITH_RESTORED) return db.select(ids).from(identity).get()
  const owner = db
    .select({ ...ids, restoredFrom })
    .from(identity)
    .get()
  return owner && { ...owner, restoredFrom: owner.restoredFrom ?? undefined }
}

/** What it returns is durable, whatever came before. @throws StorageError */
export function prepareRaftDatabase(options: RaftDatabaseOptions): StoredLog {
  const { path } = options
  const connection = openConnection(path, 'full')
  let guard: WalGuard | undefined
  try {
    guard = new WalGuard(path)
    const stored = loadVerified(connection, options)
    makeDurable(connection, path)
    return stored
  } finally {
    connection.client.close()
    guard?.close()
  }
}

function loadVerified(connection: Connection, options: RaftDatabaseOptions): StoredLog {
  migrate(connection, RAFT_MIGRATIONS)
  claim(connection, options)
  const rows = new LogRows(connection)
  const startRow = new LogStartRow(connection)
  const start = startRow.load()
  const saved = loadHardState(connection)
  const { identity: owner } = options
  verifyNewestEntries(rows, start, { path: options.path, memberId: owner.memberId })
  const claimed = readClaim(options.superblock)
  if (claimed !== undefined) {
    const directory = dirname(options.path)
    verifyAgainstClaim(claimed, { directory, identity: owner, hardState: saved, start, rows })
  }
  return {
    hardState: saved,
    memberships: startRow.memberships(),
    start,
    lastIndex: rows.newestIndex() ?? start.index,
  }
}

/**
 * After a kill between a write of the WAL and its fsync, what was read may be in the page cache only.
 * SQLite would copy it when the connection is closed, too, but say nothing of an fsync that fails. The
 * guard keeps it from that, and so from trying again what has failed here (catalogue 32).
 */
function makeDurable({ client }: Connection, path: string): void {
  let busy: unknown
  try {
    // The first column.
    busy = client.pragma('wal_checkpoint(TRUNCATE)', { simple: true })
  } catch (error) {
    throw asUnusable(path, error)
  }
  if (busy === 0) return
  throw new StorageError('directoryInUse', `${path} is in use by another program`)
}

function claim(connection: Connection, options: RaftDatabaseOptions): void {
  const { db } = connection
  const owner = ownerIn(connection)
  if (owner !== undefined) {
    requireSame(owner, options)
    return
  }
  transactionsOf(connection)(() => {
    db.insert(identity)
      .values({ id: 1, ...options.identity })
      .run()
    db.insert(hardState).values({ id: 1, term: 0, votedFor: null }).run()
    const membership = Buffer.from(encodeMembership(options.membership))
    db.insert(logStart)
      .values({ id: 1, ...EMPTY_LOG_START, membership })
      .run()
  })
}

function requireSame(owner: DirectoryIdentity, { path, identity: expected }: RaftDatabaseOptions) {
  if (owner.clusterId === expected.clusterId && owner.memberId === expected.memberId) return
  throw new StorageError(
    'foreignDirectory',
    `${path} belongs to member ${owner.memberId} of cluster ${owner.clusterId}, ` +
      `not to member ${expected.memberId} of cluster ${expected.clusterId}: ` +
      'give each member a directory of its own, and the same initial cluster and token as before',
  )
}
