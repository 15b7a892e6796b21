/** Leases, and the keys attached to them by the partial index of `live`. */

import { asc, eq, sql } from 'drizzle-orm'
import type { LeaseId } from '../state-machine/operation.js'
import type { Lease } from '../state-machine/state-machine.js'
import type { LeaseStore, LiveKey } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'
import { hotStatement } from './hot-statement.js'
import { leases, live } from './state-schema.js'

export class LeaseRows implements LeaseStore {
  readonly #queries: ReturnType<typeof prepare>

  constructor(connection: Connection) {
    this.#queries = prepare(connection)
  }

  find(id: LeaseId): Lease | undefined {
    const row = this.#queries.find.get(id)
    return (
      row && leaseFrom({ id, ttlSeconds: row[0], grantedIndex: row[1], remainingSeconds: row[2] })
    )
  }

  all(): readonly Lease[] {
    return this.#queries.all.all().map(leaseFrom)
  }

  keysOf(id: LeaseId): readonly LiveKey[] {
    return this.#queries.keysOf.all({ id }).map((row) => ({ ...row, lease: id }))
  }

  add({ id, ttlSeconds, grantedIndex }: Lease): void {
    this.#queries.add.run({ id, ttlSeconds, grantedIndex })
  }

  checkpoint(id: LeaseId, remainingSeconds: number): void {
    this.#queries.checkpoint.run({ id, remainingSeconds })
  }

  remove(id: LeaseId): void {
    this.#queries.remove.run({ id })
  }
}

function leaseFrom({ id, ttlSeconds, grantedIndex, remainingSeconds }: Row): Lease {
  if (remainingSeconds === 0) return { id, ttlSeconds, grantedIndex }
  return { id, ttlSeconds, grantedIndex, remainingSeconds }
}

type Row = typeof leases.$inferSelect

function prepare(connection: Connection) {
  const { db } = connection
  const { ttlSeconds, grantedIndex, remainingSeconds } = leases
  const isId = eq(leases.id, sql.placeholder('id'))
  return {
    find: hotStatement<[id: string], [ttlSeconds: number, grantedIndex: number, remaining: number]>(
      connection,
      db.select({ ttlSeconds, grantedIndex, remainingSeconds }).from(leases).where(isId),
      ['id'],
    ),
    all: db.select().from(leases).orderBy(asc(leases.id)).prepare(),
    keysOf: db
      .select()
      .from(live)
      .where(eq(live.lease, sql.placeholder('id')))
      .orderBy(asc(live.key))
      .prepare(),
    add: db
      .insert(leases)
      .values({
        id: sql.placeholder('id'),
        ttlSeconds: sql.placeholder('ttlSeconds'),
        grantedIndex: sql.placeholder('grantedIndex'),
        remainingSeconds: 0,
      })
      .prepare(),
    checkpoint: db
      .update(leases)
      .set({ remainingSeconds: sql`${sql.placeholder('remainingSeconds')}` })
      .where(isId)
      .prepare(),
    remove: db.delete(leases).where(isId).prepare(),
  }
}
