/**
 * Put (etcd §8.3, 5, 13–15): what it needs of the state, and what it does. `checkPutLease` and the
 * key check of check-operation.ts have passed before `put` runs, so it cannot be refused.
 */

import { invariant } from './invariant.js'
import { NO_LEASE, type KeyValue, type PutOperation } from './operation.js'
import { Refusal, type PutResult } from './outcome.js'
import type { RevisionWriter } from './revision-writer.js'
import type { LiveKey, StateStore } from './state-store.js'

/** @throws Refusal `leaseNotFound` */
export function checkPutLease(store: StateStore, operation: PutOperation): void {
  if (operation.lease === NO_LEASE) return
  if (store.leases.find(operation.lease) === undefined) throw new Refusal('leaseNotFound')
}

/** True if the put keeps something of the key's present version, which must then exist. */
export function needsExistingKey(operation: PutOperation): boolean {
  return operation.ignoreValue || operation.ignoreLease
}

export function put(writer: RevisionWriter, operation: PutOperation): PutResult {
  const { key } = operation
  const live = writer.store.keys.find(key)
  const before = live && needsOldValue(operation) ? readLive(writer.store, live) : undefined
  const content = { key, value: operation.value, lease: operation.lease }
  if (operation.ignoreValue) {
    invariant(before !== undefined, 'a put that ignores its value was let through without a key')
    content.value = before.value
  }
  if (operation.ignoreLease) {
    invariant(live !== undefined, 'a put that ignores its lease was let through without a key')
    content.lease = live.lease
  }
  writer.put(content, live)
  return {
    type: 'put',
    revision: writer.revision,
    prevKv: operation.prevKv ? before : undefined,
  }
}

function needsOldValue(operation: PutOperation): boolean {
  return operation.prevKv || operation.ignoreValue
}

/** The whole of a live key, its value included. */
export function readLive(store: StateStore, live: LiveKey): KeyValue {
  const kv = store.history.version({ revision: live.modRevision, sub: live.modSub })
  invariant(kv !== undefined, 'a live key points at no version')
  return kv
}
