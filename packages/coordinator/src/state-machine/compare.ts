/**
 * The comparisons of a transaction (etcd §8.20–21), always against the state before it.
 *
 * A missing key counts as version, revisions and lease 0, but has no value: a comparison of its
 * value is false for every operator, `notEqual` included. Of an interval, every key must satisfy
 * the comparison; an empty one behaves as a missing key.
 */

import { compareBytes, isSingleKey, selectedInterval } from './interval.js'
import { NO_LEASE, type Compare, type CompareResult, type KeyValue } from './operation.js'
import { readLive } from './put.js'
import type { StateStore } from './state-store.js'

const MISSING: KeyValue = {
  key: new Uint8Array(0),
  value: new Uint8Array(0),
  createRevision: 0,
  modRevision: 0,
  version: 0,
  lease: NO_LEASE,
}

export function holds(store: StateStore, compare: Compare): boolean {
  const kvs = comparedKeys(store, compare)
  if (kvs.length === 0) return compare.target !== 'value' && satisfies(MISSING, compare)
  return kvs.every((kv) => satisfies(kv, compare))
}

function comparedKeys(store: StateStore, compare: Compare): readonly KeyValue[] {
  const keys = isSingleKey(compare)
    ? [store.keys.find(compare.key)].filter((live) => live !== undefined)
    : [...store.keys.findIn(selectedInterval(compare))]
  if (compare.target === 'value') return keys.map((live) => readLive(store, live))
  return keys.map((live) => ({ ...live, value: MISSING.value }))
}

function satisfies(kv: KeyValue, compare: Compare): boolean {
  const sign = ordering(kv, compare)
  return matches(sign, compare.result)
}

/** Negative, zero or positive, as the key's side is below, equal to or above the operand. */
function ordering(kv: KeyValue, compare: Compare): number {
  switch (compare.target) {
    case 'version':
      return kv.version - compare.operand
    case 'create':
      return kv.createRevision - compare.operand
    case 'mod':
      return kv.modRevision - compare.operand
    case 'value':
      return compareBytes(kv.value, compare.operand)
    case 'lease':
      return compareLeases(kv.lease, compare.operand)
  }
}

/** Lease ids are 64-bit: as JavaScript numbers, neighbours would be equal. */
function compareLeases(left: string, right: string): number {
  const difference = BigInt(left) - BigInt(right)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

function matches(sign: number, result: CompareResult): boolean {
  switch (result) {
    case 'equal':
      return sign === 0
    case 'notEqual':
      return sign !== 0
    case 'greater':
      return sign > 0
    case 'less':
      return sign < 0
  }
}
