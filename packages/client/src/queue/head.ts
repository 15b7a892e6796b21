/**
 * Finds the items to claim next: of the highest priority that has a free one, the oldest by create
 * revision; from the beginning of the interval, without sorting it.
 *
 * Keys are read in order, page by page, up to a boundary: a priority, and a revision that the producer
 * of everything from there on in that priority had seen. What was not read is therefore of a lower
 * priority; or of the same one and younger than that revision. Two items that have one create revision
 * were put by one transaction, and then the order of keys decides. Hence a read item comes before all
 * that were not read if its priority is higher than the boundary's; or if it is the same, and its
 * create revision is at most one above the boundary's revision. It is safe to take. One page is enough
 * unless very many items were pushed at once.
 *
 * A later page is read at a later revision. What was created after the first is left out: something
 * before it may have been created as well, on a page that was read already.
 *
 * To read the beginning of an interval, a server counts all of it: etcd takes 80 ms for a page of
 * 300,000 items, and 4 ms for one of 300. So a look at a long queue leaves a window for the next look,
 * which reaches a few thousand items far. One without an end is needed again when that is used up.
 */

import type { Rpc } from '../rpc/rpc.js'
import type { Delays } from './delayed.js'
import type { QueueLayout } from './layout.js'
import { readPage, type Candidate, type Page } from './page.js'
import type { Place } from './place.js'

/** What lies before it was read. Also the end of a window. */
export type Boundary = Omit<Place, 'ordinal'>

export interface Head {
  /** The revision of the first page: later changes may have gone unseen. */
  readonly revision: number
  /** In the order in which to claim them. Empty: everything is claimed, or there is nothing. */
  readonly candidates: readonly Candidate[]
  readonly delays: Delays
  /** For the next look. */
  readonly window: Boundary | undefined
}

export interface LookOptions {
  /** By the wall clock. */
  readonly nowMs: number
  /** How far to look first. Default to the end. */
  readonly window: Boundary | undefined
  readonly signal: AbortSignal
}

/** How far a window reaches, if the items there are as dense as those that were read. */
const WINDOW_ITEMS = 4_096

export async function readHead(rpc: Rpc, layout: QueueLayout, options: LookOptions): Promise<Head> {
  const { nowMs, signal } = options
  const free: Candidate[] = []
  let { window } = options
  let first: Page | undefined
  for (let from: string | Uint8Array = layout.items; ;) {
    const to = window === undefined ? layout.itemsEnd : layout.itemsSince(window)
    const page = await readPage(rpc, layout, { range: { from, to }, nowMs, signal })
    first ??= page
    const { revision, delays } = first
    free.push(...page.free.filter(({ createRevision }) => createRevision <= revision))
    if (page.next === undefined && window === undefined) {
      return { revision, delays, candidates: free.sort(byPlace), window }
    }
    const safe = beforeUnread(free, page.next === undefined ? window : page.places.at(-1))
    if (safe.length > 0) {
      return { revision, delays, candidates: safe.sort(byPlace), window: window ?? windowOf(page) }
    }
    from = page.next ?? to
    if (page.next === undefined) window = undefined
  }
}

/** Without a boundary, when a page held nothing but other people's keys, nothing is proven. */
function beforeUnread(
  candidates: readonly Candidate[],
  boundary: Boundary | undefined,
): Candidate[] {
  if (boundary === undefined) return []
  const { priority, seenRevision } = boundary
  return candidates.filter(
    (one) =>
      one.priority > priority ||
      (one.priority === priority && one.createRevision <= seenRevision + 1),
  )
}

/** Of one item alone it is not known how dense they are: about one in a revision. */
function windowOf({ places }: Page): Boundary | undefined {
  const last = places.at(-1)
  if (last === undefined) return undefined
  const { priority, seenRevision } = last
  const level = places.filter((place) => place.priority === priority)
  const span = seenRevision - (level[0]?.seenRevision ?? seenRevision)
  const revisionsPerItem = level.length > 1 ? span / (level.length - 1) : 1
  const reach = Math.max(1, Math.ceil(WINDOW_ITEMS * revisionsPerItem))
  return { priority, seenRevision: seenRevision + reach }
}

function byPlace(left: Candidate, right: Candidate): number {
  if (left.priority !== right.priority) return right.priority - left.priority
  if (left.createRevision !== right.createRevision)
    return left.createRevision - right.createRevision
  return left.key < right.key ? -1 : 1
}
