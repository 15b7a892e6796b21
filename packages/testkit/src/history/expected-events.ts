/** What a watch has to tell: all changes, filtered, with what was there before each. */

import { keyOf, withPrevKv, type Change, type ChangeEvent } from './change-log.js'
import { isInInterval } from './kv-operation.js'
import { ReferenceStore } from './reference-store.js'
import type { WatchRecord } from './watch-record.js'

/** The changes, each event with its previous value if there was one. */
export function withPrevious(changes: readonly Change[]): readonly Change[] {
  const store = new ReferenceStore()
  return changes.map((change) => {
    const events = change.events.map((event) => withPrevKv(event, store.get(keyOf(event))))
    store.apply(change)
    return { ...change, events }
  })
}

export function expectedOf(watch: WatchRecord, changes: readonly Change[]): readonly Change[] {
  return changes
    .map(({ revision, events }) => ({
      revision,
      events: events.filter((event) => isAskedFor(watch, event)),
    }))
    .filter(({ events }) => events.length > 0)
}

function isAskedFor(watch: WatchRecord, event: ChangeEvent): boolean {
  const filter = event.type === 'put' ? 'noPut' : 'noDelete'
  return watch.filters?.includes(filter) !== true && isInInterval(keyOf(event), watch)
}
