/**
 * Writes the log and the hard state; runs on the worker. A group of writes is one transaction, thus
 * one fsync, and is applied in order, so that a later write of the group overwrites an earlier one.
 */

import { eq, gte, lte, sql } from 'drizzle-orm'
import { invariant, type Entry, type HardState, type Snapshot } from '@holdfast/raft'
import type { Connection } from './connection.js'
import { chainChecksum, EMPTY_LOG_CHECKSUM } from './entry-checksum.js'
import { unpackEntries, type WriteMessage } from './log-message.js'
import { LogRows } from './log-rows.js'
import { LogStartRow, type LogStart } from './log-start.js'
import { loadHardState } from './hard-state-row.js'
import { PAGE_BYTES } from './page-size.js'
import { hardState, log } from './raft-schema.js'
import type { Superblock } from './superblock.js'
import { transactionsOf, type Transact } from './transaction.js'

/** Bytes of WAL after which it is copied into the database: about 80 ms at 100 MB/s. */
const CHECKPOINT_BYTES = 8 * 1024 * 1024

export class LogWriter {
  readonly #connection: Connection
  readonly #rows: LogRows
  readonly #startRow: LogStartRow
  readonly #queries: ReturnType<typeof prepare>
  readonly #transact: Transact
  readonly #superblock: Superblock
  #hardState: HardState
  #start: LogStart
  #lastIndex: number
  #lastChecksum: number
  #bytesSinceCheckpoint = 0

  constructor(connection: Connection, superblock: Superblock) {
    this.#connection = connection
    this.#superblock = superblock
    this.#rows = new LogRows(connection)
    this.#startRow = new LogStartRow(connection)
    this.#start = this.#startRow.load()
    this.#queries = prepare(connection)
    this.#transact = transactionsOf(connection)
    this.#lastIndex = this.#rows.newestIndex() ?? this.#start.index
    this.#lastChecksum = this.#checksumAt(this.#lastIndex)
    this.#hardState = loadHardState(connection)
    this.#claim()
    superblock.sync()
  }

  /** Returns when all of it is durable. */
  write(group: readonly WriteMessage[]): void {
    this.#lowerClaim(group)
    this.#transact(() => {
      for (const { hardState: saved, snapshot, entries } of group) {
        if (saved !== undefined) this.#saveHardState(saved)
        if (snapshot !== undefined) this.#restart(snapshot)
        if (entries !== undefined) this.#append(unpackEntries(entries))
      }
    })
    this.#claim()
  }

  close(): void {
    this.#superblock.sync()
  }

  /** Forgets the entries up to `index`; what must be known of them goes into the log's start. */
  cut(index: number): void {
    const { index: startIndex } = this.#start
    if (index <= startIndex || index >= this.#lastIndex) return
    const entry = this.#rows.find(index)
    invariant(entry !== undefined, `log entry ${index} is missing`)
    const { term, checksum } = entry
    const newest = this.#startRow.memberships().findLast((one) => one.index <= index)
    const membership = newest?.membership ?? this.#start.membership
    this.#transact(() => this.#startAt({ index, term, checksum, membership }))
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

  /** Before entries are taken away that the superblock claims. */
  #lowerClaim(group: readonly WriteMessage[]): void {
    const { lastIndex } = this.#superblock
    const kept = group.map(({ snapshot, entries }) =>
      snapshot === undefined ? (entries?.firstIndex ?? Infinity) - 1 : 0,
    )
    const end = Math.min(...kept)
    if (end >= lastIndex) return
    const isKnown = end >= this.#start.index
    this.#superblock.lower(isKnown ? end : 0, isKnown ? this.#checksumAt(end) : EMPTY_LOG_CHECKSUM)
  }

  #claim(): void {
    const { term, votedFor = null } = this.#hardState
    const [lastIndex, lastChecksum] = [this.#lastIndex, this.#lastChecksum]
    this.#superblock.claim({ term, votedFor, lastIndex, lastChecksum })
  }

  /** A snapshot begins a chain of checksums of its own. */
  #restart({ index, term, membership }: Snapshot): void {
    this.#startAt({ index, term, checksum: EMPTY_LOG_CHECKSUM, membership })
    this.#queries.removeFrom.run({ index: index + 1 })
    this.#lastIndex = index
    this.#lastChecksum = EMPTY_LOG_CHECKSUM
  }

  #startAt(start: LogStart): void {
    this.#startRow.save(start)
    this.#queries.removeThrough.run({ index: start.index })
    this.#start = start
    this.#bytesSinceCheckpoint += PAGE_BYTES
  }

  #saveHardState(saved: HardState): void {
    this.#hardState = saved
    const { term, votedFor } = saved
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
    if (index === this.#start.index) return this.#start.checksum
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
    removeThrough: db
      .delete(log)
      .where(lte(log.index, at('index')))
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
