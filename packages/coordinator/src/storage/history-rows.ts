/**
 * Reading what keys were: single versions, and the events of whole revisions.
 *
 * Revisions are dense: every one above 1 changed something, and none at or above the compacted one
 * has lost a row. So a number of revisions is a range of the primary key.
 */

import { and, asc, eq, gte, lt, lte, sql } from 'drizzle-orm'
import type { Statement } from 'better-sqlite3'
import { selectedInterval, type Interval } from '../state-machine/interval.js'
import type { KeyValue } from '../state-machine/operation.js'
import type {
  RevisionEvents,
  StoredVersion,
  StoreEvent,
  VersionPointer,
} from '../state-machine/outcome.js'
import { tombstone } from '../state-machine/revision-writer.js'
import type { HistoryStore, LiveKey } from '../state-machine/state-store.js'
import { CompactionSweep } from './compaction-sweep.js'
import type { Connection } from './connection.js'
import { hotStatement } from './hot-statement.js'
import { leaseOf } from './lease-column.js'
import { history } from './state-schema.js'
import { VersionChains } from './version-chains.js'

/** The store's first revision with content. */
const FIRST_WRITTEN_REVISION = 2

const NO_END = new Uint8Array(0)

type HistoryRow = typeof history.$inferSelect

/** Bytes after which a slice of history ends, at the next stride: large values must not fill memory. */
const SLICE_BYTES = 4 * 1024 * 1024
/** Revisions read at a time. */
const STRIDE = 16

export class HistoryRows implements HistoryStore {
  readonly #find: ReturnType<typeof prepareFind>
  readonly #describe: ReturnType<typeof prepareDescribe>
  readonly #between: ReturnType<typeof prepareBetween>
  readonly #behind: ReturnType<typeof prepareBehind>
  readonly #chains: VersionChains
  readonly #sweep: CompactionSweep

  constructor(connection: Connection) {
    this.#find = prepareFind(connection)
    this.#describe = prepareDescribe(connection)
    this.#between = prepareBetween(connection)
    this.#behind = prepareBehind(connection)
    this.#chains = new VersionChains(connection)
    this.#sweep = new CompactionSweep(connection)
  }

  version(pointer: VersionPointer): KeyValue | undefined {
    const row = this.#find.get(pointer.revision, pointer.sub)
    if (row === undefined) return undefined
    const [key, value, createRevision, version, lease] = row
    if (version === 0) return undefined
    const modRevision = pointer.revision
    return { key, value, createRevision, modRevision, version, lease: leaseOf(lease) }
  }

  *findAt(interval: Interval, revision: number): Iterable<LiveKey> {
    for (const newest of this.#chains.newestIn(interval)) {
      const pointer = this.#chains.asOf(newest, revision)
      const row = pointer && this.#describe.get(pointer.revision, pointer.sub)
      if (pointer === undefined || row === undefined) continue
      const [createRevision, version, lease] = row
      if (version === 0) continue
      const { revision: modRevision, sub: modSub } = pointer
      yield { key: newest.key, createRevision, modRevision, modSub, version, lease: leaseOf(lease) }
    }
  }

  since(fromRevision: number, maxRevisions: number): readonly RevisionEvents[] {
    const first = Math.max(fromRevision, FIRST_WRITTEN_REVISION)
    const end = first + maxRevisions
    const revisions: { revision: number; events: StoreEvent[] }[] = []
    let bytes = 0
    for (let from = first; from < end && bytes < SLICE_BYTES; from += STRIDE) {
      const rows = this.#between.all({ from, to: Math.min(from + STRIDE, end) })
      if (rows.length === 0) break
      for (const row of rows) {
        let current = revisions.at(-1)
        if (current?.revision !== row.revision) {
          current = { revision: row.revision, events: [] }
          revisions.push(current)
        }
        current.events.push(toEvent(row))
        bytes += row.key.byteLength + row.value.byteLength
      }
    }
    return revisions
  }

  rows(after: VersionPointer, upTo: number, maxRows: number): readonly StoredVersion[] {
    return this.#behind.all({ ...after, upTo, maxRows }).map((row) => ({
      revision: row.revision,
      sub: row.sub,
      kv: row.version === 0 ? tombstone(row.key, row.revision) : toKeyValue(row),
      isTombstone: row.version === 0,
    }))
  }

  newestAt(key: Uint8Array, revision: number): VersionPointer | undefined {
    const [newest] = this.#chains.newestIn(selectedInterval({ key, rangeEnd: NO_END }))
    return newest && this.#chains.asOf(newest, revision)
  }

  removeCompacted(compactRevision: number, maxRows: number): boolean {
    return this.#sweep.run(compactRevision, maxRows)
  }
}

function toKeyValue(row: HistoryRow): KeyValue {
  const { key, value, createRevision, version } = row
  const lease = leaseOf(row.lease)
  return { key, value, createRevision, modRevision: row.revision, version, lease }
}

function toEvent(row: HistoryRow): StoreEvent {
  const previous =
    row.prevRevision === null || row.prevSub === null
      ? undefined
      : { revision: row.prevRevision, sub: row.prevSub }
  if (row.version === 0) return { type: 'delete', kv: tombstone(row.key, row.revision), previous }
  // The first version of a life was created by its event, though it may link to a tombstone.
  return { type: 'put', kv: toKeyValue(row), previous: row.version === 1 ? undefined : previous }
}

type FoundRow = [key: Buffer, value: Buffer, createRevision: number, version: number, string | null]

function prepareFind(connection: Connection): Statement<[revision: number, sub: number], FoundRow> {
  const { key, value, createRevision, version, lease, revision, sub } = history
  const query = connection.db
    .select({ key, value, createRevision, version, lease })
    .from(history)
    .where(and(eq(revision, sql.placeholder('revision')), eq(sub, sql.placeholder('sub'))))
  return hotStatement(connection, query, ['revision', 'sub'])
}

type DescribedRow = [createRevision: number, version: number, lease: string | null]

/** A version without its value. */
function prepareDescribe(
  connection: Connection,
): Statement<[revision: number, sub: number], DescribedRow> {
  const { createRevision, version, lease, revision, sub } = history
  const query = connection.db
    .select({ createRevision, version, lease })
    .from(history)
    .where(and(eq(revision, sql.placeholder('revision')), eq(sub, sql.placeholder('sub'))))
  return hotStatement(connection, query, ['revision', 'sub'])
}

function prepareBetween({ db }: Connection) {
  const { revision, sub } = history
  return db
    .select()
    .from(history)
    .where(and(gte(revision, sql.placeholder('from')), lt(revision, sql.placeholder('to'))))
    .orderBy(asc(revision), asc(sub))
    .prepare()
}

function prepareBehind({ db }: Connection) {
  const { revision, sub } = history
  const pointer = sql`(${sql.placeholder('revision')}, ${sql.placeholder('sub')})`
  return db
    .select()
    .from(history)
    .where(and(sql`(${revision}, ${sub}) > ${pointer}`, lte(revision, sql.placeholder('upTo'))))
    .orderBy(asc(revision), asc(sub))
    .limit(sql.placeholder('maxRows'))
    .prepare()
}
