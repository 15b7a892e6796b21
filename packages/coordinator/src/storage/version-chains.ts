/**
 * The past of keys as chains: `live` and `dead` name each key's newest version, and every version
 * names the one before it. The version as of a revision is the first in the chain that is not above.
 *
 * Worked example. Key a: put at 2, put at 5, deleted at 7, put at 9.
 *
 *   live a → (9,0) → (7,0) tombstone → (5,0) → (2,0)
 *
 * As of 6 it is (5,0); as of 7 or 8 the tombstone, so no key; as of 1 the chain ends: no key. After
 * a compaction at 8 the rows (2,0), (5,0) and (7,0) are gone, and a read at 8 finds that (9,0) is
 * above and its predecessor is missing: no key, as before.
 */

import { and, asc, eq, gte, lt, sql, type SQL } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { compareBytes, type Interval } from '../state-machine/interval.js'
import type { VersionPointer } from '../state-machine/outcome.js'
import type { Connection } from './connection.js'
import { inPages } from './in-pages.js'
import { dead, history, live } from './state-schema.js'

const PAGE_KEYS = 1_024

interface Newest extends VersionPointer {
  readonly key: Uint8Array
}

export class VersionChains {
  readonly #queries: ReturnType<typeof prepare>

  constructor(connection: Connection) {
    this.#queries = prepare(connection)
  }

  /** The newest version, or tombstone, of every key of the interval, in byte order. */
  newestIn({ start, end }: Interval): Iterable<Newest> {
    const { liveIn, liveFrom, deadIn, deadFrom } = this.#queries
    const alive = inPages(start, PAGE_KEYS, (from, limit) =>
      end ? liveIn.all({ start: from, end, limit }) : liveFrom.all({ start: from, limit }),
    )
    const buried = inPages(start, PAGE_KEYS, (from, limit) =>
      end ? deadIn.all({ start: from, end, limit }) : deadFrom.all({ start: from, limit }),
    )
    return merge(alive, buried)
  }

  /** The chain's first version that is not above `revision`, if there is one. */
  asOf(newest: VersionPointer, revision: number): VersionPointer | undefined {
    let at: VersionPointer | undefined = newest
    while (at !== undefined && at.revision > revision) at = this.#before(at)
    return at
  }

  #before(pointer: VersionPointer): VersionPointer | undefined {
    const row = this.#queries.previous.get({ revision: pointer.revision, sub: pointer.sub })
    if (row === undefined || row.revision === null || row.sub === null) return undefined
    return { revision: row.revision, sub: row.sub }
  }
}

/** Both are in byte order. No key is in both, so there are no equals. */
function* merge(left: Iterator<Newest>, right: Iterator<Newest>): Generator<Newest> {
  let [one, other] = [left.next(), right.next()]
  while (one.done !== true || other.done !== true) {
    if (other.done === true || (one.done !== true && isBelow(one.value, other.value))) {
      yield one.value
      one = left.next()
    } else {
      yield other.value
      other = right.next()
    }
  }
}

function isBelow(left: Newest, right: Newest): boolean {
  return compareBytes(left.key, right.key) < 0
}

function prepare({ db }: Connection) {
  const limit = sql.placeholder('limit')
  const from = (key: SQLiteColumn): SQL => gte(key, sql.placeholder('start'))
  const within = (key: SQLiteColumn): SQL | undefined =>
    and(from(key), lt(key, sql.placeholder('end')))
  const alive = () =>
    db.select({ key: live.key, revision: live.modRevision, sub: live.modSub }).from(live)
  const buried = () => db.select().from(dead)
  return {
    liveIn: alive().where(within(live.key)).orderBy(asc(live.key)).limit(limit).prepare(),
    liveFrom: alive().where(from(live.key)).orderBy(asc(live.key)).limit(limit).prepare(),
    deadIn: buried().where(within(dead.key)).orderBy(asc(dead.key)).limit(limit).prepare(),
    deadFrom: buried().where(from(dead.key)).orderBy(asc(dead.key)).limit(limit).prepare(),
    previous: db
      .select({ revision: history.prevRevision, sub: history.prevSub })
      .from(history)
      .where(
        and(
          eq(history.revision, sql.placeholder('revision')),
          eq(history.sub, sql.placeholder('sub')),
        ),
      )
      .prepare(),
  }
}
