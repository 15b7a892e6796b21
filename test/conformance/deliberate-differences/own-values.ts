/** What any two servers tell otherwise: names, times, and what they draw. */

import { parseFirstJson, routes } from '@holdfast/protocol'
import type { Answer, Answers, Asked, Fields } from './difference.js'
import { LOCK_LEASES } from '../lock-leases.js'

/** Both were asked within so long, and cut what is left to seconds. */
const MAX_SECONDS_APART = 5

const IDS_AND_TERMS = new Set(['cluster_id', 'member_id', 'memberID', 'raft_term'])

/** Of a server, and of its elections. */
export function withoutNamesAndTerms(_: Asked, { etcd, ours }: Answers): Answers {
  const nameless = ({ status, body }: Answer): Answer => ({
    status,
    body: withoutOwnNames(body) as Answer['body'],
  })
  return { etcd: nameless(etcd), ours: nameless(ours) }
}

/** Only what differs between any two clusters. Terms differ by the elections that they needed. */
export function withoutOwnNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutOwnNames)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      IDS_AND_TERMS.has(name) ? `<${name}>` : withoutOwnNames(field),
    ]),
  )
}

/** Of a lease that was asked for without one. */
export function withoutDrawnId(request: Asked, both: Answers): Answers {
  if (!request.path.endsWith('/lease/grant') || !areOk(both) || namesItsLease(request)) return both
  return { etcd: withoutField(both.etcd, 'ID'), ours: withoutField(both.ours, 'ID') }
}

/** Of a lease that lives on both; one that etcd may have renewed is all one. */
export function withTimeLeft({ path, body }: Asked, both: Answers): Answers {
  const { etcd, ours } = both
  if (!path.endsWith('/lease/timetolive') || !areOk(both)) return both
  const [theirs, mine] = [Number(etcd.body['TTL']), Number(ours.body['TTL'])]
  if (!(theirs > 0 && mine > 0)) return both
  const isLocks = LOCK_LEASES.some((id) => body.includes(id))
  if (!isLocks && Math.abs(theirs - mine) > MAX_SECONDS_APART) return both
  return { etcd: withoutField(etcd, 'TTL'), ours: withoutField(ours, 'TTL') }
}

/** Of each member, what is told of it, but not that. */
export function withShapesOfMembers({ path }: Asked, both: Answers): Answers {
  if (!path.includes('/cluster/member/') || !areOk(both)) return both
  const shaped = ({ status, body }: Answer): Answer => ({
    status,
    body: { ...body, members: (body['members'] as readonly object[]).map(Object.keys) },
  })
  return { etcd: shaped(both.etcd), ours: shaped(both.ours) }
}

function areOk({ etcd, ours }: Answers): boolean {
  return etcd.status === 200 && ours.status === 200
}

function namesItsLease({ body }: Asked): boolean {
  return routes.leaseGrant.request.decode(parseFirstJson(body)).id !== '0'
}

function withoutField({ status, body }: Answer, name: string): Answer {
  const left: Fields = { ...body, [name]: typeof body[name] }
  return { status, body: left }
}
