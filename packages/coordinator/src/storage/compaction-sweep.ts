/**
 * Removes, in slices, what compaction at revision R made unreadable. It visits the rows of history
 * from the previous R to the present one, each once, and for each removes
 *
 * - its predecessor, if that is older than R: whoever reads at R or later finds this row first;
 * - itself, if it is a tombstone older than R: "no key" is also what a missing row says.
 *
 * Everything at R itself stays, so history from R on still shows a delete made exactly at R (etcd
 * #19249); the next sweep begins at R and finds it. The progress is saved with each slice.
 */

import { and, eq, sql } from 'drizzle-orm'
import { invariant } from '@holdfast/raft'
import type { Connection } from './connection.js'
import { dead, history, sweep } from './state-schema.js'

/** A visited row costs at most itself and its predecessor. */
const REMOVED_PER_VISIT = 2
const BEFORE_FIRST_SUB = -1

interface Progress {
  readonly target: number
  readonly revision: number
  readonly sub: number
}

interface Visited {
  readonly revision: number
  readonly sub: number
  readonly key: Uint8Array
  readonly version: number
  readonly prevRevision: number | null
  readonly prevSub: number | null
}

export class CompactionSweep {
  readonly #queries: ReturnType<typeof prepare>
  #progress: Progress

  constructor(connection: Connection) {
    this.#queries = prepare(connection)
    const saved = this.#queries.load.get()
    invariant(saved !== undefined, 'the state has no sweep progress')
    this.#progress = saved
  }

  /** Removes at most `maxRows` rows of history; true while there are more to visit. */
  run(compactRevision: number, maxRows: number): boolean {
    const from = this.#start(compactRevision)
    if (from.revision > compactRevision) return false
    const limit = Math.max(1, Math.floor(maxRows / REMOVED_PER_VISIT))
    const rows = this.#queries.visit.all({ ...from, target: compactRevision, limit })
    for (const row of rows) this.#clear(row, compactRevision)
    const last = rows.at(-1)
    const isDone = rows.length < limit || last === undefined
    // Past the last sub of the target: there is nothing to do until the next compaction.
    this.#save(
      isDone ? after(compactRevision) : { ...from, revision: last.revision, sub: last.sub },
    )
    return !isDone
  }

  /**
   * Where to go on. A new target starts again with the revision that the last one stopped in: its
   * tombstones were spared if it was the last target itself.
   */
  #start(compactRevision: number): Progress {
    const { target, revision, sub } = this.#progress
    if (target === compactRevision) return { target, revision, sub }
    return {
      target: compactRevision,
      revision: Math.min(revision, target),
      sub: BEFORE_FIRST_SUB,
    }
  }

  #clear(row: Visited, compactRevision: number): void {
    const { prevRevision, prevSub } = row
    if (prevRevision !== null && prevSub !== null && prevRevision < compactRevision) {
      this.#queries.remove.run({ revision: prevRevision, sub: prevSub })
    }
    if (row.version !== 0 || row.revision >= compactRevision) return
    const { key, revision, sub } = row
    this.#queries.remove.run({ revision, sub })
    this.#queries.exhume.run({ key, revision, sub })
  }

  #save(progress: Progress): void {
    this.#queries.save.run({ ...progress })
    this.#progress = progress
  }
}

function after(target: number): Progress {
  return { target, revision: target + 1, sub: BEFORE_FIRST_SUB }
}

function prepare({ db }: Connection) {
  const at = (name: string) => sql.placeholder(name)
  const isRow = and(eq(history.revision, at('revision')), eq(history.sub, at('sub')))
  // drizzle has no row values; spelled out with OR, SQLite would not seek to the start.
  const isNext = sql`(${history.revision}, ${history.sub}) > (${at('revision')}, ${at('sub')})`
  const { target, revision, sub } = sweep
  return {
    load: db.select({ target, revision, sub }).from(sweep).prepare(),
    save: db
      .update(sweep)
      .set({
        target: sql`${at('target')}`,
        revision: sql`${at('revision')}`,
        sub: sql`${at('sub')}`,
      })
      .prepare(),
    visit: db
      .select({
        revision: history.revision,
        sub: history.sub,
        key: history.key,
        version: history.version,
        prevRevision: history.prevRevision,
        prevSub: history.prevSub,
      })
      .from(history)
      .where(and(isNext, sql`${history.revision} <= ${at('target')}`))
      .orderBy(history.revision, history.sub)
      .limit(at('limit'))
      .prepare(),
    remove: db.delete(history).where(isRow).prepare(),
    exhume: db
      .delete(dead)
      .where(
        and(eq(dead.key, at('key')), eq(dead.revision, at('revision')), eq(dead.sub, at('sub'))),
      )
      .prepare(),
  }
}
