/**
 * The table of paths: what each takes and gives. Paths stand without their prefix, because three of
 * them mean the same: `/v3` is today's, and old clients still ask for `/v3beta` and `/v3alpha`.
 *
 * Of etcd's 51 paths those of users and roles (`/auth/…`) are not here: nothing serves them yet.
 */

import {
  MemberAddRequest,
  MemberAddResponse,
  MemberListRequest,
  MemberListResponse,
  MemberPromoteRequest,
  MemberRemoveRequest,
  MembersResponse,
  MemberUpdateRequest,
} from './messages/cluster.js'
import {
  CampaignRequest,
  CampaignResponse,
  LeaderRequest,
  LeaderResponse,
  ProclaimRequest,
  ProclaimResponse,
  ResignRequest,
  ResignResponse,
} from './messages/election.js'
import {
  CompactionRequest,
  CompactionResponse,
  DeleteRangeRequest,
  DeleteRangeResponse,
  PutRequest,
  PutResponse,
  RangeRequest,
  RangeResponse,
} from './messages/kv.js'
import {
  LeaseGrantRequest,
  LeaseGrantResponse,
  LeaseKeepAliveRequest,
  LeaseKeepAliveResponse,
  LeaseLeasesRequest,
  LeaseLeasesResponse,
  LeaseRevokeRequest,
  LeaseRevokeResponse,
  LeaseTimeToLiveRequest,
  LeaseTimeToLiveResponse,
} from './messages/lease.js'
import { LockRequest, LockResponse, UnlockRequest, UnlockResponse } from './messages/lock.js'
import {
  AlarmRequest,
  AlarmResponse,
  DefragmentRequest,
  DefragmentResponse,
  DowngradeRequest,
  DowngradeResponse,
  HashKvRequest,
  HashKvResponse,
  HashRequest,
  HashResponse,
  MoveLeaderRequest,
  MoveLeaderResponse,
  SnapshotRequest,
  SnapshotResponse,
  StatusRequest,
  StatusResponse,
} from './messages/maintenance.js'
import { TxnRequest, TxnResponse } from './messages/txn.js'
import { WatchRequest, WatchResponse } from './messages/watch.js'
import type { Message } from './schema/message.js'

export interface Route<Request = unknown, Response = unknown> {
  readonly path: string
  readonly aliases: readonly string[]
  readonly request: Message<Request, never>
  readonly response: Message<Response, never>
  /**
   * `watch`: the end of the request's body does not end the stream. `perRequest`: one answer for each
   * message of the body, then the end. `fromOne`: one message in the body, any number of answers.
   */
  readonly stream: 'none' | 'watch' | 'perRequest' | 'fromOne'
}

interface RouteOptions {
  readonly aliases?: readonly string[]
  readonly stream?: Route['stream']
}

function route<Req extends Message<unknown, never>, Res extends Message<unknown, never>>(
  path: string,
  request: Req,
  response: Res,
  options: RouteOptions = {},
): {
  path: string
  aliases: readonly string[]
  request: Req
  response: Res
  stream: Route['stream']
} {
  return {
    path,
    request,
    response,
    aliases: options.aliases ?? [],
    stream: options.stream ?? 'none',
  }
}

export const routes = Object.freeze({
  range: route('/kv/range', RangeRequest, RangeResponse),
  put: route('/kv/put', PutRequest, PutResponse),
  deleteRange: route('/kv/deleterange', DeleteRangeRequest, DeleteRangeResponse),
  txn: route('/kv/txn', TxnRequest, TxnResponse),
  compaction: route('/kv/compaction', CompactionRequest, CompactionResponse),
  watch: route('/watch', WatchRequest, WatchResponse, { stream: 'watch' }),
  leaseGrant: route('/lease/grant', LeaseGrantRequest, LeaseGrantResponse),
  leaseRevoke: route('/lease/revoke', LeaseRevokeRequest, LeaseRevokeResponse, {
    aliases: ['/kv/lease/revoke'],
  }),
  leaseKeepAlive: route('/lease/keepalive', LeaseKeepAliveRequest, LeaseKeepAliveResponse, {
    stream: 'perRequest',
  }),
  leaseTimeToLive: route('/lease/timetolive', LeaseTimeToLiveRequest, LeaseTimeToLiveResponse, {
    aliases: ['/kv/lease/timetolive'],
  }),
  leaseLeases: route('/lease/leases', LeaseLeasesRequest, LeaseLeasesResponse, {
    aliases: ['/kv/lease/leases'],
  }),
  memberList: route('/cluster/member/list', MemberListRequest, MemberListResponse),
  memberAdd: route('/cluster/member/add', MemberAddRequest, MemberAddResponse),
  memberRemove: route('/cluster/member/remove', MemberRemoveRequest, MembersResponse),
  memberUpdate: route('/cluster/member/update', MemberUpdateRequest, MembersResponse),
  memberPromote: route('/cluster/member/promote', MemberPromoteRequest, MembersResponse),
  moveLeader: route('/maintenance/transfer-leadership', MoveLeaderRequest, MoveLeaderResponse),
  status: route('/maintenance/status', StatusRequest, StatusResponse),
  alarm: route('/maintenance/alarm', AlarmRequest, AlarmResponse),
  defragment: route('/maintenance/defragment', DefragmentRequest, DefragmentResponse),
  hash: route('/maintenance/hash', HashRequest, HashResponse),
  hashKv: route('/maintenance/hashkv', HashKvRequest, HashKvResponse),
  snapshot: route('/maintenance/snapshot', SnapshotRequest, SnapshotResponse, {
    stream: 'fromOne',
  }),
  downgrade: route('/maintenance/downgrade', DowngradeRequest, DowngradeResponse),
  lock: route('/lock/lock', LockRequest, LockResponse),
  unlock: route('/lock/unlock', UnlockRequest, UnlockResponse),
  campaign: route('/election/campaign', CampaignRequest, CampaignResponse),
  proclaim: route('/election/proclaim', ProclaimRequest, ProclaimResponse),
  leader: route('/election/leader', LeaderRequest, LeaderResponse),
  observe: route('/election/observe', LeaderRequest, LeaderResponse, { stream: 'fromOne' }),
  resign: route('/election/resign', ResignRequest, ResignResponse),
})

export type RouteName = keyof typeof routes

/** Today's prefix first. */
export const pathPrefixes = Object.freeze(['/v3', '/v3beta', '/v3alpha'] as const)

const names = Object.keys(routes) as RouteName[]
const nameByPath = new Map<string, RouteName>(
  names.flatMap((name) =>
    [routes[name].path, ...routes[name].aliases].flatMap((path) =>
      pathPrefixes.map((prefix): [string, RouteName] => [prefix + path, name]),
    ),
  ),
)

/** The route of a whole path, whichever prefix and alias it uses. */
export function findRoute(pathname: string): RouteName | undefined {
  return nameByPath.get(pathname)
}
