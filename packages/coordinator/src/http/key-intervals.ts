/**
 * Sets of keys as intervals that are sorted and do not overlap, so that one request of tens of
 * thousands of operations costs no more than sorting them (etcd: an interval tree).
 */

import { keyText } from '../state-machine/key-text.js'
import type { KeySelector } from '../state-machine/operation.js'

interface KeyInterval {
  readonly from: string
  /** Exclusive. */
  readonly to: string
}

export type KeyIntervals = readonly KeyInterval[]

/** Above every key, because no byte is. */
const OPEN_END = '\u0100'

/** The keys that any of the selectors means. */
export function intervalsOf(selectors: readonly KeySelector[]): KeyIntervals {
  const intervals = selectors.map(intervalOf).filter(({ from, to }) => from < to)
  return joined(intervals.sort((a, b) => compare(a.from, b.from)))
}

export function union(left: KeyIntervals, right: KeyIntervals): KeyIntervals {
  if (left.length === 0) return right
  if (right.length === 0) return left
  const sorted: KeyInterval[] = []
  let [atLeft, atRight] = [0, 0]
  while (sorted.length < left.length + right.length) {
    const [one, other] = [left[atLeft], right[atRight]]
    const takeLeft = other === undefined || (one !== undefined && one.from <= other.from)
    const next = takeLeft ? one : other
    if (next === undefined) break
    sorted.push(next)
    if (takeLeft) atLeft += 1
    else atRight += 1
  }
  return joined(sorted)
}

export function includes(intervals: KeyIntervals, key: string): boolean {
  let [low, high] = [0, intervals.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((intervals[middle]?.from ?? OPEN_END) <= key) low = middle + 1
    else high = middle
  }
  const nearest = intervals[low - 1]
  return nearest !== undefined && key < nearest.to
}

/** Joins neighbours of a sorted list that overlap or touch. */
function joined(sorted: readonly KeyInterval[]): KeyIntervals {
  const result: KeyInterval[] = []
  for (const next of sorted) {
    const last = result.at(-1)
    if (last === undefined || next.from > last.to) result.push(next)
    else if (next.to > last.to) result[result.length - 1] = { from: last.from, to: next.to }
  }
  return result
}

function intervalOf({ key, rangeEnd }: KeySelector): KeyInterval {
  const from = keyText(key)
  if (rangeEnd.byteLength === 0) return { from, to: `${from}\0` }
  const to = keyText(rangeEnd)
  return { from, to: to === '\0' ? OPEN_END : to }
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
