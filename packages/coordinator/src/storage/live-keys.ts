/**
 * The keys that exist: `live` has one row a key, without its value, which is in the row of `history`
 * that (mod_revision, mod_sub) names.
 */

import { and, asc, count, eq, getTableColumns, gte, lt, sql } from 'drizzle-orm'
import type { Interval } from '../state-machine/interval.js'
import type { KeyValue } from '../state-machine/operation.js'
import type { VersionPointer } from '../state-machine/outcome.js'
import type { KeyStore, LiveKey, ReadInOptions } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'
import { hotStatement } from './hot-statement.js'
import { leaseOf } from './lease-column.js'
import { history, live } from './state-schema.js'
import { VersionWrites } from './version-writes.js'

const NO_BYTES = Buffer.alloc(0)
const NO_LIMIT = -1
/** Read at a time: each may have a value of 1.5 MiB. */
const PAGE_KEYS = 128

export class LiveKeys implements KeyStore {
  readonly #find: ReturnType<typeof prepareFind>
  readonly #scans: ReturnType<typeof prepareScans>
  readonly #writes: VersionWrites

  constructor(connection: Connection) {
    this.#find = prepareFind(connection)
    this.#scans = prepareScans(connection)
    this.#writes = new VersionWrites(connection)
  }

  find(key: Uint8Array): LiveKey | undefined {
    const row = this.#find.get(key)
    if (row === undefined) return undefined
    const [createRevision, modRevision, modSub, version, lease] = row
    return { key, createRevision, modRevision, modSub, version, lease: leaseOf(lease) }
  }

  findIn(interval: Interval): readonly LiveKey[] {
    return this.#findIn(interval, NO_LIMIT).map((row) => ({ ...row, lease: leaseOf(row.lease) }))
  }

  count({ start, end }: Interval): number {
    const row = end ? this.#scans.count.get({ start, end }) : this.#scans.countFrom.get({ start })
    return row?.count ?? 0
  }

  readIn(interval: Interval, { limit, values, budget }: ReadInOptions): readonly KeyValue[] {
    const kvs: KeyValue[] = []
    let { start } = interval
    for (let left = limit === 0 ? Infinity : limit; left > 0;) {
      const page = this.#page({ ...interval, start }, Math.min(left, PAGE_KEYS), values)
      for (const kv of page) {
        budget.spend(kv)
        kvs.push(kv)
      }
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE_KEYS) break
      start = keyAfter(last.key)
      left -= page.length
    }
    return kvs
  }

  #page(interval: Interval, limit: number, values: boolean): readonly KeyValue[] {
    if (!values) return this.#findIn(interval, limit).map((row) => toKeyValue(row, NO_BYTES))
    const { start, end } = interval
    const rows = end
      ? this.#scans.readIn.all({ start, end, limit })
      : this.#scans.readFrom.all({ start, limit })
    return rows.map((row) => toKeyValue(row, row.value))
  }

  put(kv: KeyValue, sub: number, replaced: LiveKey | undefined): void {
    this.#writes.put(kv, sub, replaced)
  }

  delete(deleted: LiveKey, at: VersionPointer): void {
    this.#writes.delete(deleted, at)
  }

  #findIn({ start, end }: Interval, limit: number): readonly LiveRow[] {
    return end
      ? this.#scans.findIn.all({ start, end, limit })
      : this.#scans.findFrom.all({ start, limit })
  }
}

/** In byte order there is none between them. */
function keyAfter(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, Buffer.of(0)])
}

type LiveRow = typeof live.$inferSelect

function toKeyValue(row: LiveRow, value: Uint8Array): KeyValue {
  const { key, createRevision, modRevision, version, lease } = row
  return { key, value, createRevision, modRevision, version, lease: leaseOf(lease) }
}

type FoundRow = [number, modRevision: number, modSub: number, version: number, string | null]

function prepareFind(connection: Connection) {
  const { createRevision, modRevision, modSub, version, lease } = live
  const query = connection.db
    .select({ createRevision, modRevision, modSub, version, lease })
    .from(live)
    .where(eq(live.key, sql.placeholder('key')))
  return hotStatement<[key: Uint8Array], FoundRow>(connection, query, ['key'])
}

/** Two of each: with an upper bound, and without. One for both could not use the bound to seek. */
function prepareScans({ db }: Connection) {
  const limit = sql.placeholder('limit')
  const from = gte(live.key, sql.placeholder('start'))
  const within = and(from, lt(live.key, sql.placeholder('end')))
  const isNewest = and(eq(history.revision, live.modRevision), eq(history.sub, live.modSub))
  const keys = () => db.select().from(live)
  const keysAndValues = () =>
    db
      .select({ ...getTableColumns(live), value: history.value })
      .from(live)
      .innerJoin(history, isNewest)
  const counted = () => db.select({ count: count() }).from(live)
  return {
    findIn: keys().where(within).orderBy(asc(live.key)).limit(limit).prepare(),
    findFrom: keys().where(from).orderBy(asc(live.key)).limit(limit).prepare(),
    readIn: keysAndValues().where(within).orderBy(asc(live.key)).limit(limit).prepare(),
    readFrom: keysAndValues().where(from).orderBy(asc(live.key)).limit(limit).prepare(),
    count: counted().where(within).prepare(),
    countFrom: counted().where(from).prepare(),
  }
}
