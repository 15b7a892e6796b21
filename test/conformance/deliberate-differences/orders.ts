/** Answers that say the same in another order. */

import { isDeepStrictEqual } from 'node:util'
import { LOCK_LEASES } from '../lock-leases.js'
import type { Answers, Asked, Fields } from './difference.js'

/** Keys that sort alike. */
export function differInOrderOfKeys({ body }: Asked, { etcd, ours }: Answers): boolean {
  return (
    /sort_?target/i.test(body) &&
    etcd.status === ours.status &&
    isDeepStrictEqual(withoutOrder(etcd.body, body), withoutOrder(ours.body, body))
  )
}

/** Leases by when they end, but for those that etcd may have renewed. */
export function differInOrderOfLocks({ path }: Asked, { etcd, ours }: Answers): boolean {
  if (!/\/lease\/leases$/.test(path) || etcd.status !== 200 || ours.status !== 200) return false
  const [theirs, mine] = [leasesIn(etcd.body), leasesIn(ours.body)]
  const others = (ids: readonly string[]): readonly string[] =>
    ids.filter((id) => !LOCK_LEASES.includes(id))
  return (
    isDeepStrictEqual({ ...etcd.body, leases: [] }, { ...ours.body, leases: [] }) &&
    isDeepStrictEqual([...theirs].sort(), [...mine].sort()) &&
    isDeepStrictEqual(others(theirs), others(mine))
  )
}

/** The keys of a lease. */
export function inOrderOfKeys({ path }: Asked, { etcd, ours }: Answers): Answers {
  if (!path.endsWith('/lease/timetolive')) return { etcd, ours }
  const sorted = (body: Fields): Fields => {
    const keys = body['keys']
    return Array.isArray(keys) ? { ...body, keys: (keys as string[]).toSorted() } : body
  }
  return { etcd: { ...etcd, body: sorted(etcd.body) }, ours: { ...ours, body: sorted(ours.body) } }
}

function leasesIn(body: Fields): readonly string[] {
  return ((body['leases'] ?? []) as readonly { readonly ID: string }[]).map(({ ID }) => ID)
}

/** Keys in one order, or, where only some of them are told, how many there are. */
function withoutOrder(value: unknown, request: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutOrder(item, request))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      if (name !== 'kvs') return [name, withoutOrder(field, request)]
      const keys = (field as readonly unknown[]).map((kv) => JSON.stringify(kv)).sort()
      return [name, request.includes('limit') ? keys.length : keys]
    }),
  )
}
