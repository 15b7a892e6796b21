/**
 * state.db: the store of the state machine, on the main thread. The connection never fsyncs
 * (synchronous=OFF); the checkpoint worker makes what it wrote durable, and what a power loss takes
 * is applied again from the log.
 */

import type { Statement } from 'better-sqlite3'
import type { Position, StateStore } from '../state-machine/state-store.js'
import { openConnection, type Connection } from './connection.js'
import { HistoryRows } from './history-rows.js'
import { LeaseRows } from './lease-rows.js'
import { LiveKeys } from './live-keys.js'
import { MemberRows } from './member-rows.js'
import { migrate } from './migrate.js'
import { PositionRow } from './position-row.js'
import { RequestRows } from './request-rows.js'
import { unusable } from './sqlite-client.js'
import { hashState } from './state-hash.js'
import type { DatabaseSource } from './sqlite-client.js'
import { STATE_MIGRATIONS } from './state-migrations.js'
import { StorageError } from './storage-error.js'
import { transactionsOf, type Transact } from './transaction.js'

export interface StateStoreOptions {
  /** `:memory:` or an image keeps it in memory, for tests of the state machine. */
  readonly path: DatabaseSource
  readonly clusterId: string
  /** Called before each transaction: returns when the store may be written to. */
  readonly beforeWrite?: () => void
}

/** @throws StorageError */
export function openStateStore(options: StateStoreOptions): SqliteStateStore {
  const connection = openConnection(options.path, 'off')
  try {
    migrate(connection, STATE_MIGRATIONS)
    return new SqliteStateStore(connection, options)
  } catch (error) {
    connection.client.close()
    throw error instanceof StorageError ? error : unusable(options.path, error)
  }
}

export class SqliteStateStore implements StateStore {
  readonly keys: LiveKeys
  readonly history: HistoryRows
  readonly leases: LeaseRows
  readonly requests: RequestRows
  readonly members: MemberRows
  readonly #connection: Connection
  readonly #transact: Transact
  readonly #beforeWrite: () => void
  readonly #position: PositionRow
  readonly #size: Statement<[], number>

  constructor(connection: Connection, options: StateStoreOptions) {
    this.#connection = connection
    this.#transact = transactionsOf(connection)
    this.#beforeWrite = options.beforeWrite ?? (() => undefined)
    this.#position = new PositionRow(connection, options.clusterId)
    this.keys = new LiveKeys(connection)
    this.history = new HistoryRows(connection)
    this.leases = new LeaseRows(connection)
    this.members = new MemberRows(connection)
    this.requests = new RequestRows(connection)
    this.#size = connection.client
      .prepare<[], number>('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size')
      .pluck()
  }

  transaction<Result>(work: () => Result): Result {
    this.#beforeWrite()
    return this.#transact(work)
  }

  loadPosition(): Position {
    return this.#position.load()
  }

  savePosition(position: Position): void {
    this.#position.save(position)
  }

  hash(position: Position): string {
    return hashState(this.#connection, position)
  }

  /** The whole database as it is now. */
  image(): Buffer {
    return this.#connection.client.serialize()
  }

  get sizeBytes(): number {
    return this.#size.get() ?? 0
  }

  close(): void {
    const { client } = this.#connection
    if (!client.open) return
    // The last connection to close copies the WAL and deletes it. That is the checkpoint worker's,
    // which syncs; should it be this one, because the worker has failed, it must sync as well.
    client.pragma('synchronous = FULL')
    client.close()
  }
}
