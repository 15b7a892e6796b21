/**
 * Delayed items, and how they come into the queue when they are due.
 *
 * They lie in the order of falling due, by the wall clock of their producers. Whoever consumes looks
 * at the beginning of them by his own, and moves what is due among the items, several in one
 * transaction: each only if it is still there. So any number of consumers may try, an item is never in
 * both places or in none, whoever dies, and a move that is executed late does nothing.
 *
 * Only what is due within a minute is looked at, so that it does not matter how many there are: to
 * read the first of an interval, a server counts all of it (`head.ts`).
 */

import { compare } from '../kv/compare.js'
import { callTxn, op, type Op } from '../kv/txn.js'
import type { RangeResult } from '../kv/operations.js'
import type { Rpc } from '../rpc/rpc.js'
import type { DelayedItem, QueueLayout } from './layout.js'

export interface Delays {
  /** What is due, the longest due first. */
  readonly due: readonly DelayedItem[]
  /** When to look again, by the wall clock. Items that are pushed later may be due before that. */
  readonly lookAgainMs: number
}

/** Moved for one look, so that a look ends. */
const PAGE = 256
/** Of one transaction: etcd allows 128 operations, those at both levels of one path together. */
const BATCH = 64
/** How far ahead to look. A wall clock that was set is noticed as late as this. */
const HORIZON_MS = 60_000

/** What to read of them: what is due, and the first that is not. */
export function delayedRanges(
  layout: QueueLayout,
  nowMs: number,
): readonly [Op<RangeResult>, Op<RangeResult>] {
  // A clock may count fractions; keys do not.
  const wholeMs = Math.floor(nowMs)
  const next = layout.delayedFrom(wholeMs + 1)
  const horizon = layout.delayedFrom(wholeMs + HORIZON_MS)
  return [
    op.range({ from: layout.delayed, to: next }, { limit: PAGE, keysOnly: true }),
    op.range({ from: next, to: horizon }, { limit: 1, keysOnly: true }),
  ]
}

export function readDelays(
  layout: QueueLayout,
  [due, soon]: readonly [RangeResult, RangeResult],
  nowMs: number,
): Delays {
  const [next] = read(layout, soon)
  return { due: read(layout, due), lookAgainMs: next?.dueMs ?? nowMs + HORIZON_MS }
}

/** Of what is due in the same millisecond, the older first. */
function read(layout: QueueLayout, { entries }: RangeResult): readonly DelayedItem[] {
  return entries
    .flatMap(({ key, createRevision }) => {
      const item = layout.parseDelayed(key)
      return item === undefined ? [] : [{ ...item, createRevision }]
    })
    .sort((left, right) => left.dueMs - right.dueMs || left.createRevision - right.createRevision)
}

/** Moves them, in their order. What somebody else has moved stays where he put it. */
export async function moveDue(
  rpc: Rpc,
  layout: QueueLayout,
  due: readonly DelayedItem[],
  options: { readonly seenRevision: number; readonly signal: AbortSignal },
): Promise<void> {
  const { seenRevision, signal } = options
  for (let from = 0; from < due.length; from += BATCH) {
    const moves = due.slice(from, from + BATCH).map((item, ordinal) => {
      const { id, priority } = item
      const key = layout.delayedKey(item)
      const place = layout.itemKey({ priority, seenRevision, ordinal }, id)
      return op.txn({ if: [compare.exists(key)], then: [op.delete(key), op.put(place, '')] })
    })
    const { result } = await callTxn(rpc, { then: moves }, { repetition: 'repeatable', signal })
    // Somebody else is at it.
    if (!result.results.some(({ succeeded }) => succeeded)) return
  }
}
