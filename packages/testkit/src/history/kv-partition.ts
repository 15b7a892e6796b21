/**
 * Histories of keys that no operation concerns together, which can be judged each alone (Horn and
 * Kroening: P-compositionality). Operations on one key give a partition for each key; a transaction
 * or an interval joins those of all its keys.
 */

import { groupedBy } from './grouped-by.js'
import { branchesOf, isInInterval, type KeyInterval } from './kv-operation.js'
import type { KvInput, KvOutput } from './kv-operation.js'
import type { OperationRecord } from './operation-record.js'

type KvRecord = OperationRecord<KvInput, KvOutput>

export function partitionByKeys(records: readonly KvRecord[]): readonly (readonly KvRecord[])[] {
  const intervals = new Map(records.map((record) => [record, intervalsOf(record.input)]))
  // Only keys that somebody names can exist; those within an interval are joined with its start.
  const keys = new Set([...intervals.values()].flat().map(({ key }) => key))
  const groups = new DisjointSets()
  for (const of of intervals.values()) {
    const first = of[0]?.key
    if (first === undefined) continue
    for (const interval of of) {
      groups.join(first, interval.key)
      if (interval.rangeEnd === undefined) continue
      for (const key of keys) if (isInInterval(key, interval)) groups.join(first, key)
    }
  }
  const groupOf = (record: KvRecord) => groups.find(intervals.get(record)?.[0]?.key ?? '')
  return [...groupedBy(records, groupOf).values()]
}

/** Throws for what a lease could delete: no operation of the history would say so. */
function intervalsOf(input: KvInput): readonly KeyInterval[] {
  if (input.type !== 'txn') {
    if (input.type === 'put' && (input.lease ?? '0') !== '0') {
      throw new Error(`key ${input.key} has a lease, which the model does not know`)
    }
    return [input]
  }
  return [...input.compares.map(({ key }) => ({ key })), ...branchesOf(input).flatMap(intervalsOf)]
}

/** Union-find, with the paths halved. */
class DisjointSets {
  readonly #parents = new Map<string, string>()

  find(key: string): string {
    let at = key
    for (;;) {
      const parent = this.#parents.get(at) ?? at
      if (parent === at) return at
      const above = this.#parents.get(parent) ?? parent
      this.#parents.set(at, above)
      at = above
    }
  }

  join(a: string, b: string): void {
    this.#parents.set(this.find(a), this.find(b))
  }
}
