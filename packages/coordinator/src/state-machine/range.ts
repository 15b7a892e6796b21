/**
 * Range (etcd §8.7–11): which keys, as of which revision, filtered, sorted and cut.
 *
 * - `count` counts the keys of the interval at that revision, before filters and limit.
 * - Keys come in byte order unless sorted; a stable sort keeps that order among equals, as etcd's
 *   does for up to twelve keys (above, Go's sort promises no order among equals).
 * - A sort target without an order sorts ascending, but only what the limit let through: etcd
 *   fetches the whole interval for an explicit order or a filter alone.
 */

import { compareBytes, isSingleKey, selectedInterval } from './interval.js'
import type { KeyValue, RangeOperation } from './operation.js'
import { Refusal, type RangeResult } from './outcome.js'
import { readLive } from './put.js'
import type { ReadBudget } from './read-budget.js'
import type { StateStore } from './state-store.js'

const NO_BYTES = new Uint8Array(0)

/** @throws Refusal `futureRevision` or `compacted` */
export function checkRangeRevision(
  operation: RangeOperation,
  newest: number,
  compacted: number,
): void {
  if (operation.revision <= 0) return
  if (operation.revision > newest) throw new Refusal('futureRevision')
  if (operation.revision < compacted) throw new Refusal('compacted')
}

export interface RangeSource {
  readonly store: StateStore
  /** What the caller sees as the newest; the requested one has been checked against it. */
  readonly revision: number
  readonly budget: ReadBudget
}

/** @throws Refusal `readTooLarge` */
export function range(
  { store, revision: newest, budget }: RangeSource,
  operation: RangeOperation,
): RangeResult {
  const fetched = fetch({ store, revision: newest, budget }, operation)
  if (operation.countOnly) {
    return { type: 'range', revision: newest, kvs: [], more: false, count: fetched.count }
  }
  const kept = sorted(fetched.kvs.filter(passesFilters(operation)), operation)
  const more = operation.limit > 0 && kept.length > operation.limit
  const cut = more ? kept.slice(0, operation.limit) : kept
  const kvs = operation.keysOnly ? cut.map((kv) => ({ ...kv, value: NO_BYTES })) : cut
  return { type: 'range', revision: newest, kvs, more, count: fetched.count }
}

interface Fetched {
  readonly kvs: readonly KeyValue[]
  readonly count: number
}

function fetch(source: RangeSource, operation: RangeOperation): Fetched {
  const atNewest = operation.revision <= 0 || operation.revision === source.revision
  return atNewest ? fetchNewest(source, operation) : fetchOld(source, operation)
}

function fetchNewest(source: RangeSource, operation: RangeOperation): Fetched {
  const { store, budget } = source
  if (isSingleKey(operation)) return fetchNewestKey(source, operation)
  const interval = selectedInterval(operation)
  if (operation.countOnly) return { kvs: [], count: store.keys.count(interval) }
  const limit = fetchLimit(operation)
  const values = !operation.keysOnly || operation.sortTarget === 'value'
  const kvs = store.keys.readIn(interval, { limit, values, budget })
  const isWhole = limit === 0 || kvs.length < limit
  return { kvs, count: isWhole ? kvs.length : store.keys.count(interval) }
}

function fetchNewestKey({ store, budget }: RangeSource, operation: RangeOperation): Fetched {
  const live = store.keys.find(operation.key)
  if (live === undefined) return { kvs: [], count: 0 }
  if (operation.countOnly) return { kvs: [], count: 1 }
  const kv = readLive(store, live)
  budget.spend(kv)
  return { kvs: [kv], count: 1 }
}

function fetchOld({ store, budget }: RangeSource, operation: RangeOperation): Fetched {
  const kvs = store.history.readAt(selectedInterval(operation), operation.revision, budget)
  const limit = fetchLimit(operation)
  return { kvs: limit === 0 ? kvs : kvs.slice(0, limit), count: kvs.length }
}

/** One more than asked for tells whether there are more; 0 fetches all. */
function fetchLimit(operation: RangeOperation): number {
  const needsAll = operation.sortOrder !== 'none' || hasFilters(operation)
  return operation.limit <= 0 || needsAll ? 0 : operation.limit + 1
}

function hasFilters(operation: RangeOperation): boolean {
  return (
    operation.minModRevision !== 0 ||
    operation.maxModRevision !== 0 ||
    operation.minCreateRevision !== 0 ||
    operation.maxCreateRevision !== 0
  )
}

function passesFilters(operation: RangeOperation): (kv: KeyValue) => boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = operation
  return (kv) =>
    (maxModRevision === 0 || kv.modRevision <= maxModRevision) &&
    (minModRevision === 0 || kv.modRevision >= minModRevision) &&
    (maxCreateRevision === 0 || kv.createRevision <= maxCreateRevision) &&
    (minCreateRevision === 0 || kv.createRevision >= minCreateRevision)
}

function sorted(kvs: KeyValue[], operation: RangeOperation): KeyValue[] {
  const descending = operation.sortOrder === 'descend'
  if (operation.sortTarget === 'key') return descending ? kvs.reverse() : kvs
  const compare = ascendingBy(operation.sortTarget)
  return kvs.sort(descending ? (left, right) => compare(right, left) : compare)
}

function ascendingBy(
  target: Exclude<RangeOperation['sortTarget'], 'key'>,
): (left: KeyValue, right: KeyValue) => number {
  switch (target) {
    case 'version':
      return (left, right) => left.version - right.version
    case 'create':
      return (left, right) => left.createRevision - right.createRevision
    case 'mod':
      return (left, right) => left.modRevision - right.modRevision
    case 'value':
      return (left, right) => compareBytes(left.value, right.value)
  }
}
