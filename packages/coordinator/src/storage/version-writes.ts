/**
 * Writing versions: the row of history, and the key's place among the living or the dead.
 *
 * A key is in `live` or in `dead` or in neither, never in both. A key that is created again links
 * its first version to the tombstone that `dead` names, so that its earlier life can be reached.
 */

import { eq, sql } from 'drizzle-orm'
import type { KeyValue } from '../state-machine/operation.js'
import type { VersionPointer } from '../state-machine/outcome.js'
import type { LiveKey } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'
import { hotStatement } from './hot-statement.js'
import { leaseColumn } from './lease-column.js'
import { dead, history, live } from './state-schema.js'

const NO_BYTES = Buffer.alloc(0)

export class VersionWrites {
  readonly #statements: ReturnType<typeof prepare>

  constructor(connection: Connection) {
    this.#statements = prepare(connection)
  }

  put(kv: KeyValue, sub: number, replaced: LiveKey | undefined): void {
    const { key, value, createRevision, modRevision, version } = kv
    const { append, insert, update } = this.#statements
    const lease = leaseColumn(kv.lease)
    const previous = replaced ? newestOf(replaced) : this.#revive(key)
    const link = [previous?.revision ?? null, previous?.sub ?? null] as const
    append.run(modRevision, sub, key, value, createRevision, version, lease, ...link)
    if (replaced) update.run(modRevision, sub, version, lease, key)
    else insert.run(key, createRevision, modRevision, sub, version, lease)
  }

  delete({ key, modRevision, modSub }: LiveKey, at: VersionPointer): void {
    const { append, remove, bury } = this.#statements
    append.run(at.revision, at.sub, key, NO_BYTES, 0, 0, null, modRevision, modSub)
    remove.run(key)
    bury.run(key, at.revision, at.sub)
  }

  /** Takes a key that is created again out of the dead; its tombstone becomes its predecessor. */
  #revive(key: Uint8Array): VersionPointer | undefined {
    const tombstone = this.#statements.findDead.get(key)
    if (tombstone === undefined) return undefined
    this.#statements.exhume.run(key)
    return { revision: tombstone[0], sub: tombstone[1] }
  }
}

function newestOf(key: LiveKey): VersionPointer {
  return { revision: key.modRevision, sub: key.modSub }
}

type Key = Uint8Array
type Lease = string | null
type Link = [revision: number | null, sub: number | null]

const at = (name: string) => sql`${sql.placeholder(name)}`

function prepare(connection: Connection) {
  const { db } = connection
  const isDead = eq(dead.key, at('key'))
  return {
    append: prepareAppend(connection),
    ...prepareLive(connection),
    findDead: hotStatement<[Key], [revision: number, sub: number]>(
      connection,
      db.select({ revision: dead.revision, sub: dead.sub }).from(dead).where(isDead),
      ['key'],
    ),
    bury: hotStatement<[Key, revision: number, sub: number], never>(
      connection,
      db.insert(dead).values({ key: at('key'), revision: at('revision'), sub: at('sub') }),
      ['key', 'revision', 'sub'],
    ),
    exhume: hotStatement<[Key], never>(connection, db.delete(dead).where(isDead), ['key']),
  }
}

type HistoryValues = [number, number, Key, value: Uint8Array, number, number, Lease, ...Link]

function prepareAppend(connection: Connection) {
  const query = connection.db.insert(history).values({
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
  return hotStatement<HistoryValues, never>(connection, query, [
    'revision',
    'sub',
    'key',
    'value',
    'createRevision',
    'version',
    'lease',
    'prevRevision',
    'prevSub',
  ])
}

function prepareLive(connection: Connection) {
  const { db } = connection
  const newest = {
    modRevision: at('modRevision'),
    modSub: at('modSub'),
    version: at('version'),
    lease: at('lease'),
  }
  const isKey = eq(live.key, at('key'))
  return {
    insert: hotStatement<[Key, number, number, number, number, Lease], never>(
      connection,
      db.insert(live).values({ key: at('key'), createRevision: at('createRevision'), ...newest }),
      ['key', 'createRevision', 'modRevision', 'modSub', 'version', 'lease'],
    ),
    update: hotStatement<[number, number, number, Lease, Key], never>(
      connection,
      db.update(live).set(newest).where(isKey),
      ['modRevision', 'modSub', 'version', 'lease', 'key'],
    ),
    remove: hotStatement<[Key], never>(connection, db.delete(live).where(isKey), ['key']),
  }
}
