/** Everything that has ever changed, as one member tells it: a watch of all keys from the beginning. */

import type { Holdfast, WatchBatch } from '@holdfast/client'
import type { Change, ChangeEvent } from '@holdfast/testkit'
import { keyValueOf } from './recording-kv.js'

/** @param upTo the last revision, which must be there */
export async function* changesOf(
  holdfast: Holdfast,
  upTo: number,
  timeoutMs: number,
): AsyncGenerator<Change> {
  const watch = holdfast.watch({ prefix: '' }, { fromRevision: 1, previous: true, timeoutMs })
  for await (const batch of watch) {
    if (batch.events.length > 0) yield toChange(batch)
    if (batch.revision >= upTo) return
  }
}

export function toChange({ revision, events }: WatchBatch): Change {
  return {
    revision,
    events: events.map(({ type, entry, previous }): ChangeEvent => {
      const before = previous === undefined ? {} : { prevKv: keyValueOf(previous) }
      if (type === 'put') return { type, kv: keyValueOf(entry), ...before }
      return { type, key: entry.key, modRevision: entry.modRevision, ...before }
    }),
  }
}
