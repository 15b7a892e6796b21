/**
 * Opens SQLite connections in the modes that durability depends on, and reads every mode back:
 * better-sqlite3 is compiled to open WAL databases at synchronous=NORMAL, which loses acknowledged
 * writes on power loss (catalogue 30, 38). It also waits five seconds for a lock by default, on
 * the thread that serves Raft; here nothing waits: every database has one writer by design.
 */

import Database from 'better-sqlite3'
import { PAGE_BYTES } from './page-size.js'
import { StorageError } from './storage-error.js'

/** Before it, two connections could corrupt a WAL database when the WAL starts over. */
const OLDEST_SAFE_SQLITE = [3, 51, 3] as const
const CACHE_KIB = 64 * 1024

/**
 * - `full`: a commit returns after its fsync.
 * - `off`: never fsyncs; somebody else makes the database durable.
 * - `readonly`: never writes.
 */
export type ConnectionMode = 'full' | 'off' | 'readonly'

export interface ClientOptions {
  /**
   * Of a database that this connection creates: with `incremental_vacuum` it can be made smaller, at
   * the price of a page that says who points to whom for every 820 (SQLite, file format, §1.8).
   */
  readonly isShrinkable?: boolean
}

/** A file, `:memory:`, or the image of a database, which then lives in memory. */
export type DatabaseSource = string | Buffer

const SYNCHRONOUS = { off: 0, full: 2 } as const

/** @throws StorageError `notWritable` or `unsafeSettings` */
export function openClient(
  path: DatabaseSource,
  mode: ConnectionMode,
  options: ClientOptions = {},
): Database.Database {
  const client = openFile(path, mode === 'readonly')
  try {
    requireSafeVersion(client)
    configure(client, mode, options)
  } catch (error) {
    client.close()
    throw asUnusable(path, error)
  }
  return client
}

function openFile(path: DatabaseSource, readonly: boolean): Database.Database {
  try {
    return new Database(path, { timeout: 0, readonly })
  } catch (cause) {
    throw unusable(path, cause)
  }
}

function configure(
  client: Database.Database,
  mode: ConnectionMode,
  { isShrinkable = false }: ClientOptions,
): void {
  client.pragma('temp_store = MEMORY')
  client.pragma(`cache_size = -${CACHE_KIB}`)
  require(client, 'busy_timeout', 0)
  require(client, 'page_size', PAGE_BYTES)
  if (mode === 'readonly') return
  // Before anything is written, which the mode of the journal is; and not later: it would be a write
  // of its own, which may copy the whole WAL into the database behind the checkpoint worker's back.
  const isNew = client.pragma('page_count', { simple: true }) === 0
  if (isShrinkable && isNew) client.pragma('auto_vacuum = INCREMENTAL')
  const journalMode = client.pragma('journal_mode = WAL', { simple: true })
  if (journalMode !== 'wal' && !client.memory) throw unsafe('journal_mode', journalMode)
  client.pragma(`synchronous = ${SYNCHRONOUS[mode]}`)
  require(client, 'synchronous', SYNCHRONOUS[mode])
  // When to checkpoint is decided by the threads that may wait for it.
  client.pragma('wal_autocheckpoint = 0')
  require(client, 'wal_autocheckpoint', 0)
  // On macOS fsync alone leaves data in the drive's cache.
  client.pragma('fullfsync = 1')
  client.pragma('checkpoint_fullfsync = 1')
}

function require(client: Database.Database, pragma: string, expected: number): void {
  const actual = client.pragma(pragma, { simple: true })
  if (actual !== expected) throw unsafe(pragma, actual)
}

function unsafe(pragma: string, actual: unknown): StorageError {
  return new StorageError('unsafeSettings', `SQLite runs with ${pragma} = ${String(actual)}`)
}

function requireSafeVersion(client: Database.Database): void {
  const version = String(client.prepare('SELECT sqlite_version()').pluck().get())
  const parts = version.split('.').map(Number)
  for (const [at, oldest] of OLDEST_SAFE_SQLITE.entries()) {
    const part = parts[at] ?? 0
    if (part > oldest) return
    if (part < oldest) {
      const needed = OLDEST_SAFE_SQLITE.join('.')
      throw new StorageError('unsafeSettings', `SQLite is ${version}, but ${needed} is needed`)
    }
  }
}

/** What SQLite or the file system has against a database, in one line; any other error as it is. */
export function asUnusable(path: DatabaseSource, error: unknown): unknown {
  const isOfDatabase = error instanceof Database.SqliteError
  const isOfFiles = error instanceof Error && 'syscall' in error
  return isOfDatabase || isOfFiles ? unusable(path, error) : error
}

function unusable(path: DatabaseSource, cause: unknown): StorageError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const isDamaged = /not a database|malformed|no such|corrupt/.test(reason)
  const code = isDamaged ? 'damaged' : 'notWritable'
  return new StorageError(
    code,
    `${typeof path === 'string' ? path : 'the image'} cannot be used: ${reason}`,
    { cause },
  )
}
