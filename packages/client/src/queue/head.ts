/**
 * Finds the items to claim next, oldest create revision first, from the beginning of the interval.
 *
 * Keys are read in order, page by page. An item that was not read yet has a key above the last one
 * read, so its producer had seen at least the revision in that key, so its create revision is greater
 * than that. Hence a read item whose create revision is at most one above it is older than all that
 * were not read: it is safe to take. One page is enough unless very many items were pushed at once.
 */

import { utf8Encode } from '@holdfast/protocol'
import type { Entry } from '../kv/entry.js'
import { nextKey, toRange, type KeyRange } from '../kv/keys.js'
import { op, runTxn } from '../kv/txn.js'
import type { Rpc } from '../rpc/rpc.js'
import { seenRevisionOf, type QueueLayout } from './layout.js'

/** An item that nobody had claimed at the revision of the reading. */
export interface Candidate {
  readonly id: string
  readonly createRevision: number
  /** How often it had been claimed before. */
  readonly attempts: number
}

export interface Head {
  /** The revision of the first page: later changes may have gone unseen. */
  readonly revision: number
  /** In the order in which to claim them. Empty: everything is claimed, or there is nothing. */
  readonly candidates: readonly Candidate[]
}

const PAGE = 256

export async function readHead(rpc: Rpc, layout: QueueLayout, signal: AbortSignal): Promise<Head> {
  const all: Candidate[] = []
  let from: KeyRange = { prefix: layout.items }
  let first: number | undefined
  for (;;) {
    const page = await readPage(rpc, layout, from, signal)
    first ??= page.revision
    all.push(...page.unclaimed)
    const safe = page.last === undefined ? all : olderThanUnread(all, page.last)
    if (safe.length > 0 || page.last === undefined) {
      return { revision: first, candidates: safe.sort(byAge) }
    }
    const { rangeEnd } = toRange({ prefix: layout.items })
    from = { from: nextKey(utf8Encode(layout.items + page.last)), to: rangeEnd }
  }
}

interface Page {
  readonly revision: number
  readonly unclaimed: readonly Candidate[]
  /** The id of the last item read; undefined when there are no more. */
  readonly last: string | undefined
}

async function readPage(
  rpc: Rpc,
  layout: QueueLayout,
  from: KeyRange,
  signal: AbortSignal,
): Promise<Page> {
  const { results, revision } = await runTxn(
    rpc,
    {
      then: [
        op.range(from, { limit: PAGE, keysOnly: true }),
        op.range({ prefix: layout.claims }, { keysOnly: true }),
        op.range({ prefix: layout.tries }, { keysOnly: true }),
      ],
    },
    { signal },
  )
  const [items, claims, tries] = results
  const claimed = new Set(claims.entries.map(({ key }) => key.slice(layout.claims.length)))
  const attempts = new Map(
    tries.entries.map(({ key, version }) => [key.slice(layout.tries.length), version]),
  )
  const idOf = ({ key }: Entry): string => key.slice(layout.items.length)
  const last = items.entries.at(-1)
  return {
    revision,
    last: items.more && last !== undefined ? idOf(last) : undefined,
    unclaimed: items.entries
      .filter((entry) => !claimed.has(idOf(entry)))
      .map((entry) => ({
        id: idOf(entry),
        createRevision: entry.createRevision,
        attempts: attempts.get(idOf(entry)) ?? 0,
      })),
  }
}

function olderThanUnread(candidates: readonly Candidate[], lastRead: string): Candidate[] {
  const bound = seenRevisionOf(lastRead) + 1
  return candidates.filter(({ createRevision }) => createRevision <= bound)
}

function byAge(left: Candidate, right: Candidate): number {
  return left.createRevision - right.createRevision
}
