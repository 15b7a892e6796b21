/**
 * The log does not get through while everything else does: a gray failure, in which a leader looks
 * well and can decide nothing.
 */

import { routes, utf8Encode } from '@holdfast/protocol'
import type { Direction } from '../links.js'
import { memberHost, type SimulatedCluster } from '../simulated-cluster.js'
import type { Fault } from './fault.js'
import { bothWays, idsOf } from './network-faults.js'

const MOST_WRITES = 200
const WRITE_TIMEOUT_MS = 1_000

/**
 * A leader leads on, and its entries, of which there are many, reach nobody; then it is cut off, and
 * what it had appended must be given up (Raft, Figures 7 and 8). Others may have come less far by
 * then, and have cut their logs all the same.
 */
export const deposeWithEntries: Fault = (context) => {
  const { cluster, chance } = context
  const { links, world } = cluster
  const leader = cluster.leader?.id
  if (leader === undefined) return () => undefined
  const others = idsOf(context).filter((id) => id !== leader)
  const ofLog = others.map((other): Direction => [leader, other, 'log'])
  const all = bothWays([leader], others)
  const mends = [links.cut(ofLog)]
  writeTo(cluster, leader, chance.happens(0.5) ? chance.below(MOST_WRITES) : 0)
  const cancel = world.after(chance.between(20, 800), () => {
    mends.push(links.cut(all))
  })
  return () => {
    cancel()
    for (const mend of mends) mend()
  }
}

/**
 * The leader dies, and the next can be elected, and heard, but commit nothing: what it knows of
 * commitments is what it had heard before (thesis §6.4, step 1; etcd #20418).
 */
export const electMute: Fault = (context) => {
  const { cluster } = context
  const { leader, links } = cluster
  const ofLog = bothWays(idsOf(context), idsOf(context)).map(([from, to]): Direction => [
    from,
    to,
    'log',
  ])
  const mend = links.cut(ofLog)
  leader?.crash('process')
  return () => {
    mend()
    leader?.start()
  }
}

/** Writes of a client that knows this member only, all at once; nobody waits for what they give. */
function writeTo(cluster: SimulatedCluster, member: string, count: number): void {
  const { host, transport } = cluster.client(`writer to ${member} at ${cluster.world.nowMs}`)
  const key = utf8Encode('written/at-once')
  for (let at = 0; at < count; at += 1) {
    const leaving = new AbortController()
    host.clock.after(WRITE_TIMEOUT_MS, () => leaving.abort())
    const body = JSON.stringify(routes.put.request.encode({ key, value: utf8Encode(`${at}`) }))
    transport
      .request({
        ...{ endpoint: `http://${memberHost(member)}`, method: 'POST', headers: {} },
        ...{ path: `/v3${routes.put.path}`, body, signal: leaving.signal, maxBytes: 10_000 },
      })
      .catch(() => undefined)
  }
}
