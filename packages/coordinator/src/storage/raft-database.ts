/**
 * raft.db at start: created or migrated, checked to be this member's, and its newest part verified.
 * All of it happens before the log worker opens the file, on a connection that is closed again.
 */

import { invariant, type HardState, type Membership } from '@holdfast/raft'
import { openConnection, type Connection } from './connection.js'
import { LogRows } from './log-rows.js'
import { migrate } from './migrate.js'
import { hardState, identity, membership, RAFT_MIGRATIONS } from './raft-schema.js'
import { StorageError } from './storage-error.js'
import { transactionsOf } from './transaction.js'
import { verifyNewestEntries } from './verify-log.js'

/** Who a data directory belongs to; written at its creation and compared at every start. */
export interface DirectoryIdentity {
  readonly clusterId: string
  readonly memberId: string
}

export interface RaftDatabaseOptions {
  readonly path: string
  readonly identity: DirectoryIdentity
  /** Stored when the database is created; afterwards the stored one holds. */
  readonly membership: Membership
}

/** What was durable at start. */
export interface LogStart {
  readonly hardState: HardState
  readonly membership: Membership
  readonly lastIndex: number
}

/** @throws StorageError */
export function prepareRaftDatabase(options: RaftDatabaseOptions): LogStart {
  const connection = openConnection(options.path, 'full')
  try {
    migrate(connection, RAFT_MIGRATIONS)
    claim(connection, options)
    const rows = new LogRows(connection)
    verifyNewestEntries(rows, options.path)
    return { ...readStart(connection), lastIndex: rows.newestIndex() }
  } finally {
    connection.client.close()
  }
}

function claim(connection: Connection, options: RaftDatabaseOptions): void {
  const { db } = connection
  const owner = db.select().from(identity).get()
  if (owner !== undefined) {
    requireSame(owner, options)
    return
  }
  transactionsOf(connection)(() => {
    const { voters, learners } = options.membership
    db.insert(identity)
      .values({ id: 1, ...options.identity })
      .run()
    db.insert(hardState).values({ id: 1, term: 0, votedFor: null }).run()
    db.insert(membership).values({ id: 1, voters, learners }).run()
  })
}

function requireSame(owner: DirectoryIdentity, { path, identity: expected }: RaftDatabaseOptions) {
  if (owner.clusterId === expected.clusterId && owner.memberId === expected.memberId) return
  throw new StorageError(
    'foreignDirectory',
    `${path} belongs to member ${owner.memberId} of cluster ${owner.clusterId}, ` +
      `not to member ${expected.memberId} of cluster ${expected.clusterId}`,
  )
}

function readStart({ db }: Connection): Omit<LogStart, 'lastIndex'> {
  const state = db.select().from(hardState).get()
  const members = db.select().from(membership).get()
  invariant(state !== undefined && members !== undefined, 'the log has no hard state or membership')
  const { voters, learners } = members
  return {
    hardState: { term: state.term, votedFor: state.votedFor ?? undefined },
    membership: { voters, learners },
  }
}
