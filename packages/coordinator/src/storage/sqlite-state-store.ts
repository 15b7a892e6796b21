/**
 * state.db: the store of the state machine, on the main thread. The connection never fsyncs
 * (synchronous=OFF); the checkpoint worker makes what it wrote durable, and what a power loss takes
 * is applied again from the log.
 */

import type { Database, Statement } from 'better-sqlite3'
import type { Position, StateStore } from '../state-machine/state-store.js'
import { AlarmRows } from './alarm-rows.js'
import { openConnection, type Connection } from './connection.js'
import { HistoryRows } from './history-rows.js'
import { LeaseRows } from './lease-rows.js'
import { LiveKeys } from './live-keys.js'
import { MemberRows } from './member-rows.js'
import { migrate } from './migrate.js'
import { forgetSums } from './page-sums.js'
import { PositionRow } from './position-row.js'
import { RequestRows } from './request-rows.js'
import { asUnusable } from './sqlite-client.js'
import { hashState } from './state-hash.js'
import type { DatabaseSource } from './sqlite-client.js'
import { STATE_MIGRATIONS } from './state-migrations.js'
import { transactionsOf, type Transact } from './transaction.js'
import { WalGuard } from './wal-guard.js'

export interface StateStoreOptions {
  /** `:memory:` or an image keeps it in memory, for tests of the state machine. */
  readonly path: DatabaseSource
  readonly clusterId: string
  /** Called before each transaction: returns when the store may be written to. */
  readonly beforeWrite?: () => void
}

/** @throws StorageError */
export function openStateStore(options: StateStoreOptions): SqliteStateStore {
  const connection = openConnection(options.path, 'off', { isShrinkable: true })
  const { client } = connection
  let guard: WalGuard | undefined
  try {
    guard = client.memory ? undefined : new WalGuard(client.name)
    migrate(connection, STATE_MIGRATIONS)
    return new SqliteStateStore(connection, options, guard)
  } catch (error) {
    if (guard === undefined) prepareUnguardedClose(client)
    client.close()
    guard?.close()
    throw asUnusable(options.path, error)
  }
}

/** As when there is no descriptor left for the guard: the WAL is copied now, so that it is synced. */
function prepareUnguardedClose(client: Database): void {
  if (client.memory) return
  forgetSums(client.name)
  client.pragma('synchronous = FULL')
}

export class SqliteStateStore implements StateStore {
  readonly keys: LiveKeys
  readonly history: HistoryRows
  readonly leases: LeaseRows
  readonly requests: RequestRows
  readonly members: MemberRows
  readonly alarms: AlarmRows
  readonly #connection: Connection
  readonly #guard: WalGuard | undefined
  readonly #transact: Transact
  readonly #beforeWrite: () => void
  readonly #position: PositionRow
  readonly #size: Statement<[], number>
  readonly #used: Statement<[], number>
  readonly #free: Statement<[], number>

  constructor(connection: Connection, options: StateStoreOptions, guard?: WalGuard) {
    this.#connection = connection
    this.#guard = guard
    this.#transact = transactionsOf(connection)
    this.#beforeWrite = options.beforeWrite ?? (() => undefined)
    this.#position = new PositionRow(connection, options.clusterId)
    this.keys = new LiveKeys(connection)
    this.history = new HistoryRows(connection)
    this.leases = new LeaseRows(connection)
    this.members = new MemberRows(connection)
    this.alarms = new AlarmRows(connection)
    this.requests = new RequestRows(connection)
    this.#size = prepareBytes(connection, 'page_count', 'pragma_page_count')
    this.#used = prepareBytes(
      connection,
      '(page_count - freelist_count)',
      'pragma_page_count, pragma_freelist_count',
    )
    const free = 'SELECT freelist_count FROM pragma_freelist_count'
    this.#free = connection.client.prepare<[], number>(free).pluck()
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

  /** Without pages that are free to be used again. */
  get usedBytes(): number {
    return this.#used.get() ?? 0
  }

  /** A database that was made by an earlier program cannot be made smaller. */
  returnFreePages(maxPages: number): boolean {
    const before = this.#freePages
    const { client } = this.#connection
    this.transaction(() => client.pragma(`incremental_vacuum(${maxPages})`))
    const after = this.#freePages
    return after > 0 && after < before
  }

  get #freePages(): number {
    return this.#free.get() ?? 0
  }

  /**
   * Nothing can be written any more. Until `close`, the checkpoint worker is not the last to close
   * the database, however it ends.
   */
  endWrites(): void {
    this.#connection.client.close()
  }

  /** Leaves the WAL as it is, to be read at the next start. */
  close(): void {
    this.endWrites()
    this.#guard?.close()
  }
}

function prepareBytes({ client }: Connection, pages: string, from: string): Statement<[], number> {
  const sql = `SELECT ${pages} * page_size FROM ${from}, pragma_page_size`
  return client.prepare<[], number>(sql).pluck()
}
