/** The ledger's changes as the checkers of histories have them. */

import type { RevisionEvents } from '@holdfast/coordinator/parts'
import type { Change, ChangeEvent } from '../history/change-log.js'
import type { KeyValue } from '../history/kv-operation.js'

type StoreEvent = RevisionEvents['events'][number]

export function changeOf({ revision, events }: RevisionEvents): Change {
  return { revision, events: events.map(eventOf) }
}

function eventOf({ type, kv }: StoreEvent): ChangeEvent {
  if (type === 'put') return { type, kv: keyValueOf(kv) }
  return { type, key: latin1(kv.key), modRevision: kv.modRevision }
}

function keyValueOf({ key, value, lease, ...rest }: StoreEvent['kv']): KeyValue {
  const { createRevision, modRevision, version } = rest
  const kv = { key: latin1(key), value: latin1(value), createRevision, modRevision, version }
  return lease === '0' ? kv : { ...kv, lease }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}
