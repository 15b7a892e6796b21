/** Who answers which path of the wire. */

import { pathPrefixes, routes, type RouteName } from '@holdfast/protocol'
import type { EdgeContext } from './edge-context.js'
import { fromOne } from './from-one.js'
import * as cluster from './routes/cluster.js'
import * as contention from './routes/contention.js'
import { keepAliveStream } from './routes/keepalive.js'
import * as kv from './routes/kv.js'
import * as lease from './routes/lease.js'
import * as maintenance from './routes/maintenance.js'
import * as membership from './routes/membership.js'
import { snapshot } from './routes/snapshot.js'
import { watchStream } from './routes/watch.js'
import { unary, type Handler } from './unary.js'

export type WireHandlers = Readonly<Record<RouteName, Handler>>

export function wireHandlers(
  context: EdgeContext,
  onDefect: (error: unknown) => void,
): WireHandlers {
  return {
    range: unary(context, 'range', kv.range),
    put: unary(context, 'put', kv.put),
    deleteRange: unary(context, 'deleteRange', kv.deleteRange),
    txn: unary(context, 'txn', kv.txn),
    compaction: unary(context, 'compaction', kv.compaction),
    leaseGrant: unary(context, 'leaseGrant', lease.grant),
    leaseRevoke: unary(context, 'leaseRevoke', lease.revoke),
    leaseTimeToLive: unary(context, 'leaseTimeToLive', lease.timeToLive),
    leaseLeases: unary(context, 'leaseLeases', lease.leases),
    memberList: unary(context, 'memberList', cluster.memberList),
    memberAdd: unary(context, 'memberAdd', membership.add),
    memberRemove: unary(context, 'memberRemove', membership.remove),
    memberUpdate: unary(context, 'memberUpdate', membership.update),
    memberPromote: unary(context, 'memberPromote', membership.promote),
    moveLeader: unary(context, 'moveLeader', membership.moveLeader),
    status: unary(context, 'status', maintenance.status),
    alarm: unary(context, 'alarm', maintenance.alarm),
    defragment: unary(context, 'defragment', maintenance.defragment),
    hash: unary(context, 'hash', maintenance.hash),
    hashKv: unary(context, 'hashKv', maintenance.hashKv),
    downgrade: unary(context, 'downgrade', maintenance.downgrade),
    lock: unary(context, 'lock', contention.lock),
    unlock: unary(context, 'unlock', contention.unlock),
    campaign: unary(context, 'campaign', contention.campaign),
    proclaim: unary(context, 'proclaim', contention.proclaim),
    leader: unary(context, 'leader', contention.leader),
    resign: unary(context, 'resign', contention.resign),
    observe: fromOne(context, 'observe', { answers: contention.observe, onDefect }),
    snapshot: fromOne(context, 'snapshot', { answers: snapshot, onDefect }),
    leaseKeepAlive: (request) => keepAliveStream(context, request, onDefect),
    watch: (request) => watchStream(context, request, onDefect),
  }
}

/** With all prefixes, and all aliases. */
export function pathsOf(name: RouteName): readonly string[] {
  const { path, aliases } = routes[name]
  return [path, ...aliases].flatMap((one) => pathPrefixes.map((prefix) => prefix + one))
}
