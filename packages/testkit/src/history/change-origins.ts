/**
 * Whose a change is that no answered operation claims: of an operation whose answer was lost, each
 * at most once and after everything that had completed when it began; or of the end of a lease, which
 * takes all its keys at once. Which lost operation made which of several equal changes is found by
 * matching (Kuhn), so that a choice made early never leaves a change without an origin.
 */

import { areSameEvents, keyOf, type Change } from './change-log.js'
import { branchesOf, type KvInput, type KvRecord } from './kv-operation.js'
import type { ReferenceStore } from './reference-store.js'

/** A change, and the operations that would have made exactly it. */
interface Orphan {
  readonly change: Change
  readonly candidates: readonly KvRecord[]
}

export interface Unexplained {
  readonly change: Change
  /** Operations that fit by what they do, but cannot have done it (again). */
  readonly candidates: readonly KvRecord[]
}

export class ChangeOrigins {
  readonly #putters = new Map<string, KvRecord[]>()
  readonly #deleters: KvRecord[] = []
  readonly #floors: ReadonlyMap<KvRecord, number>
  readonly #orphans: Orphan[] = []

  constructor(records: readonly KvRecord[], floors: ReadonlyMap<KvRecord, number>) {
    this.#floors = floors
    for (const record of records) {
      const writes = writesOf(record.input)
      for (const name of new Set(writes.puts)) {
        const putters = this.#putters.get(name)
        if (putters === undefined) this.#putters.set(name, [record])
        else putters.push(record)
      }
      if (writes.deletes) this.#deleters.push(record)
    }
  }

  /** A change that nobody claims, with the store as it was before. */
  add(change: Change, store: ReferenceStore): void {
    const [first] = change.events
    if (first === undefined || isEndOfLease(change, store)) return
    const possible =
      first.type === 'put'
        ? this.#putters.get(nameOf(first.kv.key, first.kv.value))
        : this.#deleters
    const candidates = (possible ?? []).filter(({ input }) =>
      areSameEvents(store.evaluate(input).events, change.events),
    )
    this.#orphans.push({ change, candidates })
  }

  unexplained(): readonly Unexplained[] {
    const orphanOf = new Map<KvRecord, Orphan>()
    const findOrigin = (orphan: Orphan, asked: Set<KvRecord>): boolean =>
      this.#originsOf(orphan).some((record) => {
        if (asked.has(record)) return false
        asked.add(record)
        const other = orphanOf.get(record)
        if (other !== undefined && !findOrigin(other, asked)) return false
        orphanOf.set(record, orphan)
        return true
      })
    return this.#orphans.filter((orphan) => !findOrigin(orphan, new Set()))
  }

  #originsOf({ change, candidates }: Orphan): readonly KvRecord[] {
    return candidates.filter(
      (record) =>
        record.outcome.type === 'unknown' && change.revision > (this.#floors.get(record) ?? 0),
    )
  }
}

function nameOf(key: string, value: string): string {
  return JSON.stringify([key, value])
}

function writesOf(input: KvInput): { puts: readonly string[]; deletes: boolean } {
  switch (input.type) {
    case 'range':
      return { puts: [], deletes: false }
    case 'put':
      return { puts: [nameOf(input.key, input.value)], deletes: false }
    case 'deleteRange':
      return { puts: [], deletes: true }
    case 'txn': {
      const inner = branchesOf(input).map(writesOf)
      return {
        puts: inner.flatMap(({ puts }) => puts),
        deletes: inner.some(({ deletes }) => deletes),
      }
    }
  }
}

/** All its keys, in their order (etcd §8.26). */
function isEndOfLease({ events }: Change, store: ReferenceStore): boolean {
  const lease = store.get(events[0] === undefined ? '' : keyOf(events[0]))?.lease
  if (lease === undefined || events.some(({ type }) => type === 'put')) return false
  return events.map(keyOf).join('\0') === store.keysOfLease(lease).join('\0')
}
