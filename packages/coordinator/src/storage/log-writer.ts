/**
 * Writes the log and the hard state; runs on the worker. A group of writes is one transaction, thus
 * one fsync, and is applied in order, so that a later write of the group overwrites an earlier one.
 */

import { eq, gte, sql } from 'drizzle-orm'
import { invariant, type Entry, type HardState } from '@holdfast/raft'
import type { Connection } from './connection.js'
import { chainChecksum, EMPTY_LOG_CHECKSUM } from './entry-checksum.js'
import { unpackEntries, type WriteMessage } from './log-message.js'
import { LogRows } from './log-rows.js'
import { hardState, log } from './raft-schema.js'
import { transactionsOf, type Transact } from './transaction.js'

/** Bytes of WAL after which it is copied into the database: about 80 ms at 100 MB/s. */
const CHECKPOINT_BYTES = 8 * 1024 * 1024
const PAGE_BYTES = 4096

export class LogWriter {
  readonly #connection: Connection
  readonly #rows: LogRows
  readonly #queries: ReturnType<typeof prepare>
  readonly #transact: Transact
  #lastIndex: number
  #lastChecksum: number
  #bytesSinceCheckpoint = 0

  constructor(connection: Connection) {
    this.#connection = connection
    this.#rows = new LogRows(connection)
    this.#queries = prepare(connection)
    this.#transact = transactionsOf(connection)
    this.#lastIndex = this.#rows.newestIndex()
    this.#lastChecksum = this.#checksumAt(this.#lastIndex)
  }

  /** Returns when all of it is durable. */
  write(group: readonly WriteMessage[]): void {
    this.#transact(() => {
      for (const { hardState: saved, entries } of group) {
        if (saved !== undefined) this.#saveHardState(saved)
        if (entries !== undefined) this.#append(unpackEntries(entries))
      }
    })
  }

  /** Copies the WAL into the database when it is long, so that it starts over and stays bounded. */
  checkpointIfDue(): void {
    if (this.#bytesSinceCheckpoint < CHECKPOINT_BYTES) return
    const [result] = this.#connection.client.pragma('wal_checkpoint(PASSIVE)') as {
      readonly log: number
      readonly checkpointed: number
    }[]
    // A reader on the main thread can hold back the end; then the next group tries again.
    if (result?.log === result?.checkpointed) this.#bytesSinceCheckpoint = 0
  }

  #saveHardState({ term, votedFor }: HardState): void {
    this.#queries.saveHardState.run({ term, votedFor: votedFor ?? null })
    this.#bytesSinceCheckpoint += PAGE_BYTES
  }

  /** Replaces everything from the first entry's index on. */
  #append(entries: readonly Entry[]): void {
    const first = entries[0]
    if (first === undefined) return
    invariant(first.index <= this.#lastIndex + 1, 'the log would have a gap')
    if (first.index <= this.#lastIndex) {
      this.#queries.removeFrom.run({ index: first.index })
      this.#lastChecksum = this.#checksumAt(first.index - 1)
      this.#lastIndex = first.index - 1
    }
    for (const entry of entries) this.#insert(entry)
    this.#bytesSinceCheckpoint += PAGE_BYTES
  }

  #insert(entry: Entry): void {
    const { index, term, kind, data } = entry
    invariant(index === this.#lastIndex + 1, 'the entries of a write are not consecutive')
    const checksum = chainChecksum(this.#lastChecksum, entry)
    this.#queries.insert.run({ index, term, kind, data, checksum })
    this.#lastIndex = index
    this.#lastChecksum = checksum
    this.#bytesSinceCheckpoint += data.length
  }

  #checksumAt(index: number): number {
    if (index === 0) return EMPTY_LOG_CHECKSUM
    const row = this.#rows.find(index)
    invariant(row !== undefined, `log entry ${index} is missing`)
    return row.checksum
  }
}

function prepare({ db }: Connection) {
  const at = (name: string) => sql.placeholder(name)
  return {
    saveHardState: db
      .update(hardState)
      .set({ term: sql`${at('term')}`, votedFor: sql`${at('votedFor')}` })
      .where(eq(hardState.id, 1))
      .prepare(),
    removeFrom: db
      .delete(log)
      .where(gte(log.index, at('index')))
      .prepare(),
    insert: db
      .insert(log)
      .values({
        index: at('index'),
        term: at('term'),
        kind: at('kind'),
        data: at('data'),
        checksum: at('checksum'),
      })
      .prepare(),
  }
}
