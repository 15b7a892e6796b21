/** What makes a change impossible in a store as it is (etcd §8.2 to §8.6), whoever asked for it. */

import { isSameKeyValue, keyOf, modRevisionOf, type Change } from './change-log.js'
import type { ReferenceStore } from './reference-store.js'

export function problemOf({ revision, events }: Change, store: ReferenceStore): string | undefined {
  if (revision !== store.revision + 1) return `revision ${revision} follows ${store.revision}`
  if (events.length === 0) return `revision ${revision} changes nothing`
  if (new Set(events.map(keyOf)).size < events.length) {
    return `revision ${revision} changes a key twice`
  }
  for (const event of events) {
    const key = keyOf(event)
    const what = `${event.type} of ${key} at revision ${revision}`
    const before = store.get(key)
    if (modRevisionOf(event) !== revision) return `${what} says ${modRevisionOf(event)}`
    if (event.prevKv !== undefined && !isSameKeyValue(event.prevKv, before)) {
      return `${what} has another previous value`
    }
    if (event.type === 'delete') {
      if (before === undefined) return `${what}, which is not there`
      continue
    }
    if (event.kv.createRevision !== (before?.createRevision ?? revision)) {
      return `${what} has create revision ${event.kv.createRevision}`
    }
    if (event.kv.version !== (before?.version ?? 0) + 1) {
      return `${what} has version ${event.kv.version}`
    }
  }
  return undefined
}
