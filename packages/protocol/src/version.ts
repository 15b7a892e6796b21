/**
 * The answer to `GET /version`: etcd's triple, and what a server of Holdfast adds to it. Clients of
 * etcd parse every dotted part as an integer, so none may carry a suffix.
 */

import { ref, repeated } from './schema/composite.js'
import { int64 } from './schema/integer.js'
import { message, type MessageOf } from './schema/message.js'
import { string } from './schema/scalar.js'

/** Abilities beyond etcd that a server may announce. Names that are not known here are ignored. */
export const features = Object.freeze({ idempotencyKey: 'idempotency-key' })

export const HoldfastVersion = message('HoldfastVersion', {
  version: string(),
  features: repeated(string()),
  /** The store's revision on the member that answered. */
  revision: jsonNumber(),
})
export type HoldfastVersion = MessageOf<typeof HoldfastVersion>

export const VersionResponse = message('VersionResponse', {
  etcdserver: string(),
  etcdcluster: string(),
  storage: string(),
  holdfast: ref(() => HoldfastVersion),
})
export type VersionResponse = MessageOf<typeof VersionResponse>

/** This object is Holdfast's own, so its revision is written as the number that it is. */
function jsonNumber(): ReturnType<typeof int64> {
  return { ...int64(), write: (value) => value, describe: () => ({ type: 'integer' }) }
}
