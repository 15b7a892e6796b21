/** How far the state is: one row, written in the transaction of every batch. */

import { sql } from 'drizzle-orm'
import { invariant } from '@holdfast/raft'
import type { Position } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'
import { hotStatement } from './hot-statement.js'
import { position } from './state-schema.js'
import { StorageError } from './storage-error.js'

/** An empty store is at revision 1 and was never compacted (etcd §8.1). */
const EMPTY: Position = {
  appliedIndex: 0,
  appliedTerm: 0,
  revision: 1,
  compactRevision: -1,
  evictedRevision: -1,
}

export class PositionRow {
  readonly #queries: ReturnType<typeof prepare>

  /** @throws StorageError `foreignDirectory` if the state is another cluster's */
  constructor(connection: Connection, clusterId: string) {
    this.#queries = prepare(connection)
    const saved = this.#queries.load.get()
    if (saved === undefined) {
      connection.db
        .insert(position)
        .values({ id: 1, clusterId, ...EMPTY })
        .run()
    } else if (saved.clusterId !== clusterId) {
      throw new StorageError(
        'foreignDirectory',
        `${connection.client.name} belongs to cluster ${saved.clusterId}, not to ${clusterId}`,
      )
    }
  }

  load(): Position {
    const row = this.#queries.load.get()
    invariant(row !== undefined, 'the state has no position')
    const { appliedIndex, appliedTerm, revision, compactRevision, evictedRevision } = row
    return { appliedIndex, appliedTerm, revision, compactRevision, evictedRevision }
  }

  save(saved: Position): void {
    const { appliedIndex, appliedTerm, revision, compactRevision, evictedRevision } = saved
    this.#queries.save.run(appliedIndex, appliedTerm, revision, compactRevision, evictedRevision)
  }
}

function prepare(connection: Connection) {
  const { db } = connection
  const at = (name: keyof Position) => sql`${sql.placeholder(name)}`
  return {
    load: db.select().from(position).prepare(),
    save: hotStatement<[number, number, number, number, number], never>(
      connection,
      db.update(position).set({
        appliedIndex: at('appliedIndex'),
        appliedTerm: at('appliedTerm'),
        revision: at('revision'),
        compactRevision: at('compactRevision'),
        evictedRevision: at('evictedRevision'),
      }),
      ['appliedIndex', 'appliedTerm', 'revision', 'compactRevision', 'evictedRevision'],
    ),
  }
}
