/** A lock that the server waits for. Source: etcd server/etcdserver/api/v3lock. */

import { ref } from '../schema/composite.js'
import { id64 } from '../schema/integer.js'
import { message, type MessageOf } from '../schema/message.js'
import { bytes } from '../schema/scalar.js'
import { ResponseHeader } from './header.js'

export const LockRequest = message('LockRequest', {
  name: bytes(),
  /** Of which the lock is held: it ends with it. `'0'`: one of 60 s that nobody renews. */
  lease: id64(),
})
export type LockRequest = MessageOf<typeof LockRequest>

export const LockResponse = message('LockResponse', {
  header: ref(() => ResponseHeader),
  /** There for as long as the lock is held. */
  key: bytes(),
})
export type LockResponse = MessageOf<typeof LockResponse>

export const UnlockRequest = message('UnlockRequest', { key: bytes() })
export type UnlockRequest = MessageOf<typeof UnlockRequest>

export const UnlockResponse = message('UnlockResponse', { header: ref(() => ResponseHeader) })
export type UnlockResponse = MessageOf<typeof UnlockResponse>
