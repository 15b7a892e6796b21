/**
 * The keys that exist, and the writing of versions: `live` has one row a key, without its value,
 * which is in the row of `history` that (mod_revision, mod_sub) names.
 *
 * A key is in `live` or in `dead` or in neither, never in both. A key that is created again links
 * its first version to the tombstone in `dead`, so that its earlier life can still be reached.
 */

import { and, asc, count, eq, getTableColumns, gte, lt, sql, type Placeholder } from 'drizzle-orm'
import type { Interval } from '../state-machine/interval.js'
import type { KeyValue } from '../state-machine/operation.js'
import type { VersionPointer } from '../state-machine/outcome.js'
import type { KeyStore, LiveKey, ReadInOptions } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'
import { leaseColumn, leaseOf } from './lease-column.js'
import { dead, history, live } from './state-schema.js'

const NO_BYTES = Buffer.alloc(0)
const NO_LIMIT = -1

export class LiveKeys implements KeyStore {
  readonly #reads: ReturnType<typeof prepareReads>
  readonly #writes: ReturnType<typeof prepareWrites>

  constructor(connection: Connection) {
    this.#reads = prepareReads(connection)
    this.#writes = prepareWrites(connection)
  }

  find(key: Uint8Array): LiveKey | undefined {
    const row = this.#reads.find.get({ key })
    return row && toLiveKey(row)
  }

  findIn(interval: Interval): readonly LiveKey[] {
    return this.#findIn(interval, NO_LIMIT).map(toLiveKey)
  }

  count(interval: Interval): number {
    const { start, end } = interval
    const row = end ? this.#reads.count.get({ start, end }) : this.#reads.countFrom.get({ start })
    return row?.count ?? 0
  }

  readIn(interval: Interval, { limit, values }: ReadInOptions): readonly KeyValue[] {
    const rowLimit = limit === 0 ? NO_LIMIT : limit
    if (!values) return this.#findIn(interval, rowLimit).map((row) => toKeyValue(row, NO_BYTES))
    const { start, end } = interval
    const rows = end
      ? this.#reads.readIn.all({ start, end, limit: rowLimit })
      : this.#reads.readFrom.all({ start, limit: rowLimit })
    return rows.map((row) => toKeyValue(row, row.value))
  }

  put(kv: KeyValue, sub: number, replaced: LiveKey | undefined): void {
    const { key, value, createRevision, modRevision, version } = kv
    const lease = leaseColumn(kv.lease)
    const previous = replaced ? newestOf(replaced) : this.#revive(key)
    this.#writes.append.run({
      revision: modRevision,
      sub,
      key,
      value,
      createRevision,
      version,
      lease,
      prevRevision: previous?.revision ?? null,
      prevSub: previous?.sub ?? null,
    })
    const row = { key, createRevision, modRevision, modSub: sub, version, lease }
    if (replaced) this.#writes.update.run(row)
    else this.#writes.insert.run(row)
  }

  delete(deleted: LiveKey, at: VersionPointer): void {
    const { key } = deleted
    this.#writes.append.run({
      ...at,
      key,
      value: NO_BYTES,
      createRevision: 0,
      version: 0,
      lease: null,
      prevRevision: deleted.modRevision,
      prevSub: deleted.modSub,
    })
    this.#writes.remove.run({ key })
    this.#writes.bury.run({ key, ...at })
  }

  #findIn({ start, end }: Interval, limit: number): readonly LiveRow[] {
    return end
      ? this.#reads.findIn.all({ start, end, limit })
      : this.#reads.findFrom.all({ start, limit })
  }

  /** Takes a key that is created again out of the dead; its tombstone becomes its predecessor. */
  #revive(key: Uint8Array): VersionPointer | undefined {
    const tombstone = this.#reads.findDead.get({ key })
    if (tombstone !== undefined) this.#writes.exhume.run({ key })
    return tombstone
  }
}

type LiveRow = typeof live.$inferSelect

function toLiveKey(row: LiveRow): LiveKey {
  return { ...row, lease: leaseOf(row.lease) }
}

function toKeyValue(row: LiveRow, value: Uint8Array): KeyValue {
  const { key, createRevision, modRevision, version, lease } = row
  return { key, value, createRevision, modRevision, version, lease: leaseOf(lease) }
}

function newestOf(key: LiveKey): VersionPointer {
  return { revision: key.modRevision, sub: key.modSub }
}

const at = (name: string): Placeholder => sql.placeholder(name)

function prepareReads({ db }: Connection) {
  const from = gte(live.key, at('start'))
  const within = and(from, lt(live.key, at('end')))
  const isNewest = and(eq(history.revision, live.modRevision), eq(history.sub, live.modSub))
  const keys = () => db.select().from(live)
  const keysAndValues = () =>
    db
      .select({ ...getTableColumns(live), value: history.value })
      .from(live)
      .innerJoin(history, isNewest)
  const counted = () => db.select({ count: count() }).from(live)
  return {
    find: keys()
      .where(eq(live.key, at('key')))
      .prepare(),
    findIn: keys().where(within).orderBy(asc(live.key)).limit(at('limit')).prepare(),
    findFrom: keys().where(from).orderBy(asc(live.key)).limit(at('limit')).prepare(),
    readIn: keysAndValues().where(within).orderBy(asc(live.key)).limit(at('limit')).prepare(),
    readFrom: keysAndValues().where(from).orderBy(asc(live.key)).limit(at('limit')).prepare(),
    count: counted().where(within).prepare(),
    countFrom: counted().where(from).prepare(),
    findDead: db
      .select({ revision: dead.revision, sub: dead.sub })
      .from(dead)
      .where(eq(dead.key, at('key')))
      .prepare(),
  }
}

function prepareWrites({ db }: Connection) {
  const newest = {
    createRevision: sql`${at('createRevision')}`,
    modRevision: sql`${at('modRevision')}`,
    modSub: sql`${at('modSub')}`,
    version: sql`${at('version')}`,
    lease: sql`${at('lease')}`,
  }
  return {
    append: db
      .insert(history)
      .values({
        revision: at('revision'),
        sub: at('sub'),
        key: at('key'),
        value: at('value'),
        createRevision: at('createRevision'),
        version: at('version'),
        lease: at('lease'),
        prevRevision: at('prevRevision'),
        prevSub: at('prevSub'),
      })
      .prepare(),
    insert: db
      .insert(live)
      .values({ key: at('key'), ...newest })
      .prepare(),
    update: db
      .update(live)
      .set(newest)
      .where(eq(live.key, at('key')))
      .prepare(),
    remove: db
      .delete(live)
      .where(eq(live.key, at('key')))
      .prepare(),
    bury: db
      .insert(dead)
      .values({ key: at('key'), revision: at('revision'), sub: at('sub') })
      .prepare(),
    exhume: db
      .delete(dead)
      .where(eq(dead.key, at('key')))
      .prepare(),
  }
}
