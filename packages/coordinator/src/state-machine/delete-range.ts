/** DeleteRange (etcd §8.2, 4, 6, 15): every selected key in byte order, in one revision. */

import { isSingleKey, selectedInterval } from './interval.js'
import type { DeleteRangeOperation } from './operation.js'
import type { DeleteRangeResult } from './outcome.js'
import { readLive } from './put.js'
import type { RevisionWriter } from './revision-writer.js'
import type { LiveKey, StateStore } from './state-store.js'

export function deleteRange(
  writer: RevisionWriter,
  operation: DeleteRangeOperation,
): DeleteRangeResult {
  const selected = selectedKeys(writer.store, operation)
  const prevKvs = operation.prevKv ? selected.map((live) => readLive(writer.store, live)) : []
  for (const live of selected) writer.delete(live)
  return { type: 'deleteRange', revision: writer.revision, deleted: selected.length, prevKvs }
}

function selectedKeys(store: StateStore, operation: DeleteRangeOperation): readonly LiveKey[] {
  if (!isSingleKey(operation)) return [...store.keys.findIn(selectedInterval(operation))]
  const live = store.keys.find(operation.key)
  return live === undefined ? [] : [live]
}
