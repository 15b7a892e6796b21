/**
 * Brings a database to this program's format by a numbered list of statements; SQLite's
 * user_version is how many of them it has had. One that has had more is left alone.
 */

import type { Database } from 'better-sqlite3'
import type { Connection } from './connection.js'
import { StorageError } from './storage-error.js'
import { transactionsOf } from './transaction.js'

/** 0 if the database has no tables yet. */
export function formatOf(client: Database): number {
  return Number(client.pragma('user_version', { simple: true }))
}

/** @throws StorageError `formatTooNew` */
export function migrate(connection: Connection, migrations: readonly string[]): void {
  const { client } = connection
  const version = formatOf(client)
  if (version > migrations.length) {
    throw new StorageError(
      'formatTooNew',
      `${client.name} has format ${version}, but this program reads formats up to ${migrations.length}`,
    )
  }
  if (version === migrations.length) return
  transactionsOf(connection)(() => {
    for (const migration of migrations.slice(version)) client.exec(migration)
    client.pragma(`user_version = ${migrations.length}`)
  })
}
