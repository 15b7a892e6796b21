/**
 * `/v3/cluster/member/add remove update promote` and `/v3/maintenance/transfer-leadership`: who
 * belongs to the cluster, and who leads it.
 */

import {
  etcdErrors,
  type InputOf,
  type MemberAddRequest,
  type MemberPromoteRequest,
  type MemberRemoveRequest,
  type MemberUpdateRequest,
  type MoveLeaderRequest,
  type routes,
} from '@holdfast/protocol'
import type { MemberChange } from '../../node/member-change.js'
import { EdgeError } from '../edge-error.js'
import { requestTimeoutMs, type EdgeContext } from '../edge-context.js'

type MembersAnswer = InputOf<typeof routes.memberRemove.response>

export async function add(
  context: EdgeContext,
  { peerUrls: given, isLearner }: MemberAddRequest,
): Promise<InputOf<typeof routes.memberAdd.response>> {
  const peerUrls = originsOf(given)
  const id = context.drawMemberId(peerUrls)
  const answer = await change(context, { type: 'add', id, peerUrls, isLearner })
  return { ...answer, member: { id, peerUrls, isLearner } }
}

export function remove(context: EdgeContext, { id }: MemberRemoveRequest): Promise<MembersAnswer> {
  return change(context, { type: 'remove', id })
}

export function promote(
  context: EdgeContext,
  { id }: MemberPromoteRequest,
): Promise<MembersAnswer> {
  return change(context, { type: 'promote', id })
}

export async function update(
  context: EdgeContext,
  { id, peerUrls }: MemberUpdateRequest,
): Promise<MembersAnswer> {
  return change(context, { type: 'update', id, peerUrls: originsOf(peerUrls) })
}

export async function moveLeader(
  context: EdgeContext,
  { targetId }: MoveLeaderRequest,
): Promise<InputOf<typeof routes.moveLeader.response>> {
  // Only the leader does it, as in etcd, whose clients look for the leader first.
  if (context.node.status.role !== 'leader') throw new EdgeError(etcdErrors.notLeader)
  await context.node.members.transferLeadership(targetId, requestTimeoutMs(context))
  // etcd never fills its header.
  return {}
}

async function change(context: EdgeContext, wanted: MemberChange): Promise<MembersAnswer> {
  const timeoutMs = requestTimeoutMs(context)
  await context.node.members.change(wanted, timeoutMs)
  const { clusterId, memberId, node } = context
  const isLeaving = wanted.type === 'remove' && wanted.id === memberId
  // The leader has committed it; what this member lists must not lag behind its own answer. But who
  // is removed is told nothing any more.
  if (!isLeaving) await node.readBarrier(timeoutMs)
  return {
    header: { clusterId, memberId, raftTerm: node.status.term },
    members: context.members().filter(({ id }) => !isLeaving || id !== memberId),
  }
}

/** @throws {EdgeError} unless they differ, and each is `http://host:port` and nothing more */
function originsOf(peerUrls: readonly string[]): readonly string[] {
  const origins = peerUrls.map(originOf)
  if (origins.length === 0 || new Set(origins).size < origins.length) throw badUrls()
  return origins
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' || url.href !== `${url.origin}/`) throw badUrls()
  // Nobody can be called at port 0, which only says that any will do.
  if (url.port === '' || url.port === '0') throw badUrls()
  return url.origin
}

const badUrls = (): EdgeError => new EdgeError(etcdErrors.badMemberUrls)
