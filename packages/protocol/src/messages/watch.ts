/** Watches: a stream of requests in, a stream of responses out. PUT is the absent event type. */

import { ref, repeated } from '../schema/composite.js'
import { enumOf } from '../schema/enumeration.js'
import { int64 } from '../schema/integer.js'
import { message, type InputOf, type MessageOf } from '../schema/message.js'
import { bool, bytes, string } from '../schema/scalar.js'
import { ResponseHeader } from './header.js'
import { KeyValue } from './kv.js'

export const WatchCreateRequest = message('WatchCreateRequest', {
  key: bytes(),
  rangeEnd: bytes(),
  startRevision: int64(),
  progressNotify: bool(),
  filters: repeated(
    enumOf('etcdserverpb.WatchCreateRequest_FilterType', { NOPUT: 0, NODELETE: 1 }),
  ),
  prevKv: bool(),
  watchId: int64(),
  fragment: bool(),
})
export type WatchCreateRequest = MessageOf<typeof WatchCreateRequest>

export const WatchCancelRequest = message('WatchCancelRequest', { watchId: int64() })
export type WatchCancelRequest = MessageOf<typeof WatchCancelRequest>

export const WatchProgressRequest = message('WatchProgressRequest', {})

export const WatchRequest = message(
  'WatchRequest',
  {
    createRequest: ref(() => WatchCreateRequest),
    cancelRequest: ref(() => WatchCancelRequest),
    progressRequest: ref(() => WatchProgressRequest),
  },
  { oneof: [['createRequest', 'cancelRequest', 'progressRequest']] },
)
export type WatchRequest = MessageOf<typeof WatchRequest>

export const Event = message('Event', {
  type: enumOf('mvccpb.Event_EventType', { PUT: 0, DELETE: 1 }),
  kv: ref(() => KeyValue),
  prevKv: ref(() => KeyValue),
})
export type Event = MessageOf<typeof Event>

export const WatchResponse = message('WatchResponse', {
  header: ref(() => ResponseHeader),
  watchId: int64(),
  created: bool(),
  canceled: bool(),
  compactRevision: int64(),
  cancelReason: string(),
  fragment: bool(),
  events: repeated(ref(() => Event)),
})
export type WatchResponse = MessageOf<typeof WatchResponse>
export type WatchResponseInput = InputOf<typeof WatchResponse>
