/**
 * One page of a queue's items, and at the same revision all that decides which of them are free, and
 * what is due. One request.
 */

import type { Entry } from '../kv/entry.js'
import { nextKey, type Key } from '../kv/keys.js'
import { op, runTxn } from '../kv/txn.js'
import type { Rpc } from '../rpc/rpc.js'
import { delayedRanges, readDelays, type Delays } from './delayed.js'
import type { QueueLayout } from './layout.js'
import type { Place } from './place.js'

/** An item that nobody had claimed at the revision of the reading. */
export interface Candidate {
  readonly id: string
  readonly key: string
  readonly priority: number
  readonly createRevision: number
  /** How often it had been claimed before. */
  readonly attempts: number
}

export interface Page {
  readonly revision: number
  readonly free: readonly Candidate[]
  /** Of all items, free or not, in the order of keys. */
  readonly places: readonly Place[]
  /** Where the next page begins; undefined when the range was read to its end. */
  readonly next: Uint8Array | undefined
  readonly delays: Delays
}

export interface PageOptions {
  readonly range: { readonly from: Key; readonly to: Key }
  /** By the wall clock. */
  readonly nowMs: number
  readonly signal: AbortSignal
}

const PAGE = 256

export async function readPage(rpc: Rpc, layout: QueueLayout, options: PageOptions): Promise<Page> {
  const { range, nowMs, signal } = options
  const [due, soon] = delayedRanges(layout, nowMs)
  const { results, revision } = await runTxn(
    rpc,
    {
      then: [
        op.range(range, { limit: PAGE, keysOnly: true }),
        op.range({ prefix: layout.claims }, { keysOnly: true }),
        op.range({ prefix: layout.tries }, { keysOnly: true }),
        due,
        soon,
      ],
    },
    { signal },
  )
  const [items, claims, tries, ...delayed] = results
  const claimed = new Set(claims.entries.map(({ key }) => key.slice(layout.claims.length)))
  const attempts = new Map(
    tries.entries.map(({ key, version }) => [key.slice(layout.tries.length), version]),
  )
  const last = items.entries.at(-1)
  const read = items.entries.flatMap((entry) => readItem(layout, entry))
  return {
    revision,
    places: read,
    free: read
      .filter(({ id }) => !claimed.has(id))
      .map((item) => ({ ...item, attempts: attempts.get(item.id) ?? 0 })),
    next: items.more && last !== undefined ? nextKey(last.keyBytes) : undefined,
    delays: readDelays(layout, delayed, nowMs),
  }
}

/** Nothing, if somebody else put that key there. */
function readItem(
  layout: QueueLayout,
  { key, createRevision }: Entry,
): (Omit<Candidate, 'attempts'> & Place)[] {
  const item = layout.parseItem(key)
  return item === undefined ? [] : [{ ...item, key, createRevision }]
}
