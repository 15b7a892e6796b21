/**
 * Where the log begins: the place just before its first entry, which a durable state or a snapshot
 * holds, with what is needed of it: its term, the checksum that the first entry's continues, and the
 * membership in force there.
 */

import { asc, eq, sql } from 'drizzle-orm'
import {
  decodeMembership,
  encodeMembership,
  invariant,
  type Membership,
  type MembershipAt,
} from '@holdfast/raft'
import type { Connection } from './connection.js'
import { log, logStart } from './raft-schema.js'

export interface LogStart {
  readonly index: number
  readonly term: number
  readonly checksum: number
  readonly membership: Membership
}

export class LogStartRow {
  readonly #queries: ReturnType<typeof prepare>

  constructor(connection: Connection) {
    this.#queries = prepare(connection)
  }

  load(): LogStart {
    const row = this.#queries.load.get()
    invariant(row !== undefined, 'the log does not say where it begins')
    const { index, term, checksum, membership } = row
    return { index, term, checksum, membership: decodeMembership(membership) }
  }

  save({ index, term, checksum, membership }: LogStart): void {
    const encoded = Buffer.from(encodeMembership(membership))
    this.#queries.save.run({ index, term, checksum, membership: encoded })
  }

  /** The membership at the log's start, then those of its entries. */
  memberships(): readonly MembershipAt[] {
    const { index, membership } = this.load()
    const later = this.#queries.memberships.all()
    return [
      { index, membership },
      ...later.map((row) => ({ index: row.index, membership: decodeMembership(row.data) })),
    ]
  }
}

function prepare({ db }: Connection) {
  const at = (name: keyof LogStart) => sql`${sql.placeholder(name)}`
  return {
    load: db.select().from(logStart).prepare(),
    save: db
      .update(logStart)
      .set({
        index: at('index'),
        term: at('term'),
        checksum: at('checksum'),
        membership: at('membership'),
      })
      .where(eq(logStart.id, 1))
      .prepare(),
    memberships: db
      .select({ index: log.index, data: log.data })
      .from(log)
      .where(eq(log.kind, sql.raw(`'membership'`)))
      .orderBy(asc(log.index))
      .prepare(),
  }
}
