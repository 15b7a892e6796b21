/** Whether two answers say the same; what the wire leaves out when it is empty may be there or not. */

import { isSameKeyValue } from './change-log.js'
import type { KvResponse } from './kv-operation.js'

export function isSameResponse(a: KvResponse, b: KvResponse): boolean {
  if (a.type === 'range' && b.type === 'range') {
    return a.count === b.count && areSame(a.kvs, b.kvs, isSameKeyValue)
  }
  if (a.type === 'put' && b.type === 'put') return isSameKeyValue(a.prevKv, b.prevKv)
  if (a.type === 'deleteRange' && b.type === 'deleteRange') {
    const areSameBefore = areSame(a.prevKvs ?? [], b.prevKvs ?? [], isSameKeyValue)
    return a.deleted === b.deleted && areSameBefore
  }
  if (a.type === 'txn' && b.type === 'txn') {
    return a.succeeded === b.succeeded && areSame(a.responses, b.responses, isSameResponse)
  }
  return false
}

function areSame<Item>(
  a: readonly Item[],
  b: readonly Item[],
  isSame: (one: Item, other: Item) => boolean,
): boolean {
  return (
    a.length === b.length &&
    a.every((item, index) => {
      const other = b[index]
      return other !== undefined && isSame(item, other)
    })
  )
}
