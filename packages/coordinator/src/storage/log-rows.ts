/**
 * The log's rows as they are read: by the main thread through a read-only connection (a reader of a
 * WAL database never waits for its writer), and at start.
 */

import { asc, desc, eq, sql, type SQL } from 'drizzle-orm'
import type { Statement } from 'better-sqlite3'
import { entryBytes, type Entry } from '@holdfast/raft'
import type { Connection } from './connection.js'
import { log } from './raft-schema.js'

export interface LogRow extends Entry {
  readonly checksum: number
}

export class LogRows {
  readonly #newest: ReturnType<typeof prepareEnd>
  readonly #oldest: ReturnType<typeof prepareEnd>
  readonly #find: ReturnType<typeof prepareFind>
  readonly #between: Statement<[from: number, to: number], LogRow>
  readonly #lengths: Statement<[limit: number], { readonly index: number; readonly length: number }>

  constructor(connection: Connection) {
    this.#newest = prepareEnd(connection, desc(log.index))
    this.#oldest = prepareEnd(connection, asc(log.index))
    this.#find = prepareFind(connection)
    // The driver's own statements, because a drizzle query cannot be left in the middle of its rows.
    this.#between = connection.client.prepare(`
      SELECT log_index AS "index", term, kind, data, checksum
      FROM log WHERE log_index >= ? AND log_index < ? ORDER BY log_index`)
    this.#lengths = connection.client.prepare(`
      SELECT log_index AS "index", length(data) AS length
      FROM log ORDER BY log_index DESC LIMIT ?`)
  }

  /** Term and checksum of one entry. */
  find(index: number): { readonly term: number; readonly checksum: number } | undefined {
    return this.#find.get({ index })
  }

  /** Undefined if there is no entry. */
  newestIndex(): number | undefined {
    return this.#newest.get()?.index
  }

  /** The oldest index of the newest entries that are together within both limits; at least one. */
  firstOfNewest(maxEntries: number, maxBytes: number): number | undefined {
    let first: number | undefined
    let bytes = 0
    for (const { index, length } of this.#lengths.iterate(maxEntries)) {
      bytes += length
      if (bytes > maxBytes && first !== undefined) break
      first = index
    }
    return first
  }

  /** Undefined if there is no entry. */
  oldestIndex(): number | undefined {
    return this.#oldest.get()?.index
  }

  /** Rows of [from, to), read one by one as they are asked for. */
  iterate(from: number, to: number): IterableIterator<LogRow> {
    return this.#between.iterate(from, to)
  }

  /** Entries of [from, to), at least one, and no more than fit in `maxBytes`. */
  read(from: number, to: number, maxBytes: number): readonly Entry[] {
    const entries: Entry[] = []
    let bytes = 0
    for (const { index, term, kind, data } of this.iterate(from, to)) {
      const entry: Entry = { index, term, kind, data }
      bytes += entryBytes(entry)
      if (entries.length > 0 && bytes > maxBytes) break
      entries.push(entry)
    }
    return entries
  }
}

function prepareEnd({ db }: Connection, order: SQL) {
  return db.select({ index: log.index }).from(log).orderBy(order).limit(1).prepare()
}

function prepareFind({ db }: Connection) {
  return db
    .select({ term: log.term, checksum: log.checksum })
    .from(log)
    .where(eq(log.index, sql.placeholder('index')))
    .prepare()
}
