/** A connection as most of this folder uses it: the driver's client, and drizzle over it. */

import type { Database } from 'better-sqlite3'
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import {
  openClient,
  type ClientOptions,
  type ConnectionMode,
  type DatabaseSource,
} from './sqlite-client.js'

export interface Connection {
  readonly client: Database
  readonly db: BetterSQLite3Database
}

/** @throws StorageError `notWritable`, `damaged` or `unsafeSettings` */
export function openConnection(
  path: DatabaseSource,
  mode: ConnectionMode,
  options: ClientOptions = {},
): Connection {
  const client = openClient(path, mode, options)
  return { client, db: drizzle({ client }) }
}
