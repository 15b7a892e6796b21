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
import { inPages } from './in-pages.js'
import { leaseOf } from './lease-column.js'
import { history, live } from './state-schema.js'
import { VersionWrites } from './version-writes.js'

const PAGE_KEYS = 1_024
/** Each may have 1.5 MiB. */
const PAGE_VALUES = 128

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

  *findIn(interval: Interval): Iterable<LiveKey> {
    const page = (start: Uint8Array, limit: number): readonly LiveRow[] =>
      this.#findPage({ ...interval, start }, limit)
    for (const row of inPages(interval.start, PAGE_KEYS, page)) {
      yield { ...row, lease: leaseOf(row.lease) }
    }
  }

  count({ start, end }: Interval): number {
    const row = end ? this.#scans.count.get({ start, end }) : this.#scans.countFrom.get({ start })
    return row?.count ?? 0
  }

  readIn(interval: Interval, { limit, budget }: ReadInOptions): readonly KeyValue[] {
    const kvs: KeyValue[] = []
    const wanted = limit === 0 ? Infinity : limit
    const page = (start: Uint8Array, most: number): readonly ValueRow[] =>
      this.#readPage({ ...interval, start }, Math.min(most, wanted - kvs.length))
    for (const { key, value, createRevision, modRevision, version, lease } of inPages(
      interval.start,
      PAGE_VALUES,
      page,
    )) {
      const kv = { key, value, createRevision, modRevision, version, lease: leaseOf(lease) }
      budget.spendOnKey(kv)
      budget.spendOnValue(kv)
      kvs.push(kv)
    }
    return kvs
  }

  put(kv: KeyValue, sub: number, replaced: LiveKey | undefined): void {
    this.#writes.put(kv, sub, replaced)
  }

  delete(deleted: LiveKey, at: VersionPointer): void {
    this.#writes.delete(deleted, at)
  }

  #findPage({ start, end }: Interval, limit: number): readonly LiveRow[] {
    return end
      ? this.#scans.findIn.all({ start, end, limit })
      : this.#scans.findFrom.all({ start, limit })
  }

  #readPage({ start, end }: Interval, limit: number): readonly ValueRow[] {
    return end
      ? this.#scans.readIn.all({ start, end, limit })
      : this.#scans.readFrom.all({ start, limit })
  }
}

type LiveRow = typeof live.$inferSelect
interface ValueRow extends LiveRow {
  readonly value: Uint8Array
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
