/**
 * Remembered requests: rows in the order in which they were applied, found through a map in memory.
 * An index on the ids, which are random, would touch as many pages of the database a batch as it has
 * requests; the map costs about 100 bytes a request, and is rebuilt from the rows at start.
 *
 * The map changes inside the transaction that changes the rows. If that fails the member stops, so
 * the two cannot be seen to differ.
 */

import { asc, eq, sql } from 'drizzle-orm'
import { invariant } from '@holdfast/raft'
import type { RememberedRequest, RequestStore } from '../state-machine/state-store.js'
import type { Connection } from './connection.js'
import { hotStatement } from './hot-statement.js'
import { requests } from './state-schema.js'

interface Remembered {
  readonly sequence: number
  readonly revision: number
  readonly bytes: number
}

export class RequestRows implements RequestStore {
  readonly #queries: ReturnType<typeof prepare>
  /** In the order of their sequence, as a Map keeps the order of insertion. */
  readonly #byId = new Map<string, Remembered>()
  /**
   * Stands before the oldest: what it has passed has been removed. A new iterator for each removal
   * would first step over the places of all that were removed since the Map last grew.
   */
  readonly #oldest = this.#byId.entries()
  #nextSequence = 1
  #bytes = 0

  constructor(connection: Connection) {
    this.#queries = prepare(connection)
    for (const { id, ...row } of this.#queries.load.all()) this.#index(id, row)
  }

  get count(): number {
    return this.#byId.size
  }

  get bytes(): number {
    return this.#bytes
  }

  find(id: string): Uint8Array | undefined {
    const remembered = this.#byId.get(id)
    if (remembered === undefined) return undefined
    const row = this.#queries.outcome.get({ sequence: remembered.sequence })
    invariant(row !== undefined, 'a remembered request has no outcome')
    return row.outcome
  }

  append({ id, revision, outcome }: RememberedRequest): void {
    invariant(!this.#byId.has(id), 'a request was remembered twice')
    const sequence = this.#nextSequence
    this.#queries.append.run(sequence, id, revision, outcome)
    this.#index(id, { sequence, revision, bytes: Buffer.byteLength(id) + outcome.length })
  }

  removeOldest(): number {
    invariant(this.#byId.size > 0, 'there is no remembered request to forget')
    const oldest = this.#oldest.next()
    invariant(oldest.done !== true, 'the oldest request has been passed over')
    const [id, { sequence, revision, bytes }] = oldest.value
    this.#queries.remove.run(sequence)
    this.#byId.delete(id)
    this.#bytes -= bytes
    return revision
  }

  #index(id: string, remembered: Remembered): void {
    this.#byId.set(id, remembered)
    this.#bytes += remembered.bytes
    this.#nextSequence = remembered.sequence + 1
  }
}

function prepare(connection: Connection) {
  const { db } = connection
  const isRow = eq(requests.sequence, sql.placeholder('sequence'))
  const { sequence, id, revision } = requests
  const bytes = sql<number>`octet_length(${id}) + octet_length(${requests.outcome})`
  return {
    load: db
      .select({ id, sequence, revision, bytes })
      .from(requests)
      .orderBy(asc(sequence))
      .prepare(),
    outcome: db.select({ outcome: requests.outcome }).from(requests).where(isRow).prepare(),
    append: hotStatement<[sequence: number, id: string, revision: number, Uint8Array], never>(
      connection,
      db.insert(requests).values({
        sequence: sql.placeholder('sequence'),
        id: sql.placeholder('id'),
        revision: sql.placeholder('revision'),
        outcome: sql.placeholder('outcome'),
      }),
      ['sequence', 'id', 'revision', 'outcome'],
    ),
    remove: hotStatement<[sequence: number], never>(connection, db.delete(requests).where(isRow), [
      'sequence',
    ]),
  }
}
