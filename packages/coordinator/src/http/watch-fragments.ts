/**
 * Cuts a message that is too long into parts, for watches that ask for it: each part but the last says
 * that more follow (etcd: sendFragments).
 */

import { limits } from '@holdfast/protocol'
import { encodedLength } from '../node/etcd-record.js'
import type { WatchedEvent } from '../watch/watcher.js'

/** As etcd has it: a request of the largest size, and its overhead. */
export const MAX_FRAGMENT_BYTES = limits.maxRequestBytes + 512 * 1024
/** What a message has beside its events, and an event beside its keys and values. */
const MESSAGE_BYTES = 64
const EVENT_BYTES = 12

export interface Fragment {
  readonly events: readonly WatchedEvent[]
  readonly isLast: boolean
}

/** An event is never cut, however long it is. */
export function* fragmentsOf(events: readonly WatchedEvent[]): Generator<Fragment> {
  let part: WatchedEvent[] = []
  let bytes = MESSAGE_BYTES
  for (const event of events) {
    const length = lengthOf(event)
    if (part.length > 0 && bytes + length >= MAX_FRAGMENT_BYTES) {
      yield { events: part, isLast: false }
      part = []
      bytes = MESSAGE_BYTES
    }
    part.push(event)
    bytes += length
  }
  yield { events: part, isLast: true }
}

function lengthOf({ event, prevKv }: WatchedEvent): number {
  return EVENT_BYTES + encodedLength(event.kv) + (prevKv === undefined ? 0 : encodedLength(prevKv))
}
