/** What a watch delivers: changes, all of one revision together. */

import type { Event, WatchResponse } from '@holdfast/protocol'
import { Entry } from '../kv/entry.js'

export interface WatchEvent {
  readonly type: 'put' | 'delete'
  /** The key as the change left it. Of a deleted key, only `key` and `modRevision` are there. */
  readonly entry: Entry
  /** The key before the change, if it was asked for, existed, and is still in the history. */
  readonly previous: Entry | undefined
}

/** Everything that one revision changed in the watched interval; or progress, if it was asked for. */
export interface WatchBatch {
  /** Everything up to this revision was delivered, once this batch is: go on from the next one. */
  readonly revision: number
  /** In the order of the changes; none for progress. */
  readonly events: readonly WatchEvent[]
}

/** Splits a message, which may replay many revisions, and leaves out what was delivered before. */
export function batchesOf(message: WatchResponse, fromRevision: number): readonly WatchBatch[] {
  const batches: { revision: number; events: WatchEvent[] }[] = []
  for (const event of message.events) {
    const revision = event.kv?.modRevision ?? 0
    if (event.kv === undefined || revision < fromRevision) continue
    const last = batches.at(-1)
    if (last?.revision === revision) last.events.push(toEvent(event, event.kv))
    else batches.push({ revision, events: [toEvent(event, event.kv)] })
  }
  return batches
}

function toEvent({ type, prevKv }: Event, kv: NonNullable<Event['kv']>): WatchEvent {
  return {
    type: type === 'PUT' ? 'put' : 'delete',
    entry: new Entry(kv),
    previous: prevKv && new Entry(prevKv),
  }
}
