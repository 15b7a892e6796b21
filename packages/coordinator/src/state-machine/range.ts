/**
 * Range (etcd §8.7–11): which keys, as of which revision, filtered, sorted and cut.
 *
 * - `count` counts the keys of the interval at that revision, before filters and limit.
 * - Keys come in byte order unless sorted; a stable sort keeps that order among equals, as etcd's
 *   does for up to twelve keys (above, Go's sort promises no order among equals).
 * - A sort target without an order sorts ascending, but only what the limit let through: etcd
 *   fetches the whole interval for an explicit order or a filter alone.
 *
 * Values are read of what is answered, and no others, unless it is values that are sorted by: a page
 * of a large store costs what the page holds.
 */

import { isSingleKey, selectedInterval } from './interval.js'
import type { KeyValue, RangeOperation } from './operation.js'
import { Refusal, type RangeResult } from './outcome.js'
import { readLive } from './put.js'
import { FirstInOrder, hasFilters, orderOf, passesFilters, type Candidate } from './range-order.js'
import type { ReadBudget } from './read-budget.js'
import type { LiveKey, StateStore } from './state-store.js'

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

type Fetched = Pick<RangeResult, 'kvs' | 'more' | 'count'>

/** @throws Refusal `readTooLarge` */
export function range(source: RangeSource, operation: RangeOperation): RangeResult {
  return { type: 'range', revision: source.revision, ...fetch(source, operation) }
}

function fetch(source: RangeSource, operation: RangeOperation): Fetched {
  if (operation.countOnly) return { kvs: [], more: false, count: countOf(source, operation) }
  if (isOfNewest(source, operation) && !operation.keysOnly && isPlain(operation)) {
    return isSingleKey(operation) ? fetchKey(source, operation) : fetchRun(source, operation)
  }
  return fetchChosen(source, operation)
}

function countOf({ store, revision }: RangeSource, operation: RangeOperation): number {
  const interval = selectedInterval(operation)
  if (isOfNewest({ revision }, operation)) return store.keys.count(interval)
  let count = 0
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  for (const _ of store.history.findAt(interval, operation.revision)) count += 1
  return count
}

function fetchKey({ store, budget }: RangeSource, { key }: RangeOperation): Fetched {
  const live = store.keys.find(key)
  if (live === undefined) return { kvs: [], more: false, count: 0 }
  const kv = readLive(store, live)
  budget.spendOnKey(kv)
  budget.spendOnValue(kv)
  return { kvs: [kv], more: false, count: 1 }
}

/** All that is looked at is answered, and with its value: one query for both. */
function fetchRun({ store, budget }: RangeSource, operation: RangeOperation): Fetched {
  const interval = selectedInterval(operation)
  const { limit } = operation
  const kvs = store.keys.readIn(interval, { limit: limit > 0 ? limit + 1 : 0, budget })
  if (limit <= 0 || kvs.length <= limit) return { kvs, more: false, count: kvs.length }
  return { kvs: kvs.slice(0, limit), more: true, count: store.keys.count(interval) }
}

/** Looks at versions first, and reads the values of those that are answered. */
function fetchChosen(source: RangeSource, operation: RangeOperation): Fetched {
  const { chosen, count } = choose(source, operation)
  const more = operation.limit > 0 && chosen.length > operation.limit
  const cut = more ? chosen.slice(0, operation.limit) : chosen
  return { kvs: cut.map((one) => answered(source, operation, one)), more, count }
}

interface Choice {
  /** One more than the limit tells whether there are more. */
  readonly chosen: readonly Candidate[]
  readonly count: number
}

function choose(source: RangeSource, operation: RangeOperation): Choice {
  const { store, budget } = source
  const interval = selectedInterval(operation)
  const ofNewest = isOfNewest(source, operation)
  const found = ofNewest
    ? store.keys.findIn(interval)
    : store.history.findAt(interval, operation.revision)
  const wanted = operation.limit > 0 ? operation.limit + 1 : Infinity
  const letThrough = needsAll(operation) ? Infinity : wanted
  const first = new FirstInOrder(wanted, orderOf(operation))
  let [seen, passed] = [0, 0]
  for (const version of found) {
    seen += 1
    if (seen > letThrough) {
      // Of the newest the rest is counted without being looked at.
      if (ofNewest) return { chosen: first.take(), count: store.keys.count(interval) }
      continue
    }
    if (!passesFilters(operation, version)) continue
    passed += 1
    if (passed <= wanted) budget.spendOnKey(version)
    first.add(operation.sortTarget === 'value' ? withValue(source, version) : version)
  }
  return { chosen: first.take(), count: seen }
}

function withValue({ store, budget }: RangeSource, version: LiveKey): Candidate {
  const { value } = readLive(store, version)
  budget.spendOnValue({ value })
  return { ...version, value }
}

function answered(
  source: RangeSource,
  { keysOnly }: RangeOperation,
  candidate: Candidate,
): KeyValue {
  const { key, createRevision, modRevision, version, lease } = candidate
  const value = keysOnly ? NO_BYTES : (candidate.value ?? withValue(source, candidate).value)
  return { key, value: value ?? NO_BYTES, createRevision, modRevision, version, lease }
}

function isOfNewest(
  { revision }: Pick<RangeSource, 'revision'>,
  operation: RangeOperation,
): boolean {
  return operation.revision <= 0 || operation.revision === revision
}

/** In byte order, without filters: what is answered is known before anything is read. */
function isPlain(operation: RangeOperation): boolean {
  return !needsAll(operation) && operation.sortTarget === 'key'
}

function needsAll(operation: RangeOperation): boolean {
  return operation.sortOrder !== 'none' || hasFilters(operation)
}
