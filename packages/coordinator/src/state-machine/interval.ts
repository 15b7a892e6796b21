/**
 * Which keys a selector means, as a half-open interval in byte order (etcd §8.7).
 *
 * Keys are bytes and compare as unsigned bytes, the shorter one first when it is a prefix; SQLite
 * orders BLOBs in the same way, JavaScript's `<` on strings does not. `end` undefined means that
 * there is no upper bound. An interval whose end is not above its start holds nothing.
 */

import type { KeySelector } from './operation.js'

export interface Interval {
  readonly start: Uint8Array
  /** Exclusive. */
  readonly end: Uint8Array | undefined
}

/** Negative, zero or positive, as `left` sorts before, equal to or after `right`. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length)
  for (let at = 0; at < shared; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

/** True if the selector means the one key that it names. */
export function isSingleKey(selector: KeySelector): boolean {
  return selector.rangeEnd.length === 0
}

/** A range end of one zero byte is etcd's spelling of "every key from here on". */
function isOpenEnd(rangeEnd: Uint8Array): boolean {
  return rangeEnd.length === 1 && rangeEnd[0] === 0
}

export function selectedInterval(selector: KeySelector): Interval {
  const { key, rangeEnd } = selector
  if (isSingleKey(selector)) return { start: key, end: immediateSuccessor(key) }
  return { start: key, end: isOpenEnd(rangeEnd) ? undefined : rangeEnd }
}

/** The smallest key above `key`: the key with a zero byte appended. */
function immediateSuccessor(key: Uint8Array): Uint8Array {
  const successor = new Uint8Array(key.length + 1)
  successor.set(key)
  return successor
}

export function contains(interval: Interval, key: Uint8Array): boolean {
  if (compareBytes(key, interval.start) < 0) return false
  return interval.end === undefined || compareBytes(key, interval.end) < 0
}
