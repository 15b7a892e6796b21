/** What any two servers tell otherwise: names, times, and what they draw. */

import { parseFirstJson, routes } from '@holdfast/protocol'
import type { Answer, Answers, Asked, Fields } from './difference.js'
import { LOCK_LEASES } from '../lock-leases.js'

/** Both were asked within so long, and cut what is left to seconds. */
const MAX_SECONDS_APART = 5

/** 3.4 does not tell them yet. */
const LATER_FIGURES = new Set(['storageVersion', 'dbSizeQuota'])
const IDS_AND_TERMS = new Set(['cluster_id', 'member_id', 'memberID', 'raft_term'])

/** Of a server, and of its elections. */
export function withoutNamesAndTerms(_: Asked, { etcd, ours }: Answers): Answers {
  const nameless = (answer: Answer): Answer => ({
    ...answer,
    body: withoutOwnNames(answer.body) as Answer['body'],
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

/** A lock, or a leadership, without a lease has one of its own, which names its key. */
export function drawsItsLease({ path, body }: Asked): boolean {
  const route = /\/(?:lock\/lock|election\/campaign)$/.test(path) ? routes.lock : undefined
  return route !== undefined && route.request.decode(parseFirstJson(body)).lease === '0'
}

/** The key and the lease, if they belong together. */
export function withoutDrawnPlace(request: Asked, both: Answers): Answers {
  if (!areOk(both) || !drawsItsLease(request)) return both
  return { etcd: withoutPlace(both.etcd), ours: withoutPlace(both.ours) }
}

function withoutPlace(answer: Answer): Answer {
  const leader = answer.body['leader'] as Fields | undefined
  const { key, lease } = { ...answer.body, ...leader } as { key?: string; lease?: string }
  const [, drawn] = /\/([0-9a-f]+)$/.exec(Buffer.from(key ?? '', 'base64').toString('latin1')) ?? []
  if (drawn === undefined) return answer
  if (leader === undefined) return { ...answer, body: { ...answer.body, key: '<drawn>' } }
  if (BigInt(`0x${drawn}`) !== BigInt(lease ?? 0)) return answer
  const nameless = { ...leader, key: '<drawn>', lease: '<drawn>' }
  return { ...answer, body: { ...answer.body, leader: nameless } }
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
  const shaped = (answer: Answer): Answer => ({
    ...answer,
    body: {
      ...answer.body,
      members: (answer.body['members'] as readonly object[]).map(Object.keys),
    },
  })
  return { etcd: shaped(both.etcd), ours: shaped(both.ours) }
}

/** Of a store of its own make, and of a log with its own entries. */
export function withShapeOfStatus({ path }: Asked, both: Answers): Answers {
  if (!path.endsWith('/maintenance/status') || !areOk(both)) return both
  const shaped = (answer: Answer): Answer => {
    const { header, errors, isLearner, ...own } = answer.body
    const known = Object.entries(own).filter(([name]) => !LATER_FIGURES.has(name))
    const shapes = known.map(([name, value]) => [name, typeof value] as const)
    return { ...answer, body: { header, errors, isLearner, ...Object.fromEntries(shapes) } }
  }
  return { etcd: shaped(both.etcd), ours: shaped(both.ours) }
}

export function withoutHashOfStore({ path }: Asked, both: Answers): Answers {
  if (!path.endsWith('/maintenance/hash') || !areOk(both)) return both
  return { etcd: withoutField(both.etcd, 'hash'), ours: withoutField(both.ours, 'hash') }
}

function areOk({ etcd, ours }: Answers): boolean {
  return etcd.status === 200 && ours.status === 200
}

function namesItsLease({ body }: Asked): boolean {
  return routes.leaseGrant.request.decode(parseFirstJson(body)).id !== '0'
}

function withoutField(answer: Answer, name: string): Answer {
  const left: Fields = { ...answer.body, [name]: typeof answer.body[name] }
  return { ...answer, body: left }
}
