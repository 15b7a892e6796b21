/** `/v3/cluster/member/list` and `/v3/maintenance/status`: who is there, and how this one fares. */

import type { InputOf, MemberListRequest, routes } from '@holdfast/protocol'
import { requestTimeoutMs, responseHeader, type EdgeContext } from '../edge-context.js'
import { ETCD_VERSION, STORAGE_VERSION } from './version.js'

export async function memberList(
  context: EdgeContext,
  { linearizable }: MemberListRequest,
): Promise<InputOf<typeof routes.memberList.response>> {
  if (linearizable) await context.node.readBarrier(requestTimeoutMs(context))
  const { clusterId, memberId, node } = context
  return {
    header: { clusterId, memberId, raftTerm: node.status.term },
    members: context.members(),
  }
}

export function status(context: EdgeContext): InputOf<typeof routes.status.response> {
  const { node } = context
  const { leaderId, term, commitIndex } = node.status
  return {
    header: responseHeader(context),
    version: ETCD_VERSION,
    dbSize: node.state.sizeBytes,
    dbSizeInUse: node.state.sizeBytes,
    leader: leaderId ?? '0',
    raftIndex: commitIndex,
    raftTerm: term,
    raftAppliedIndex: node.state.appliedIndex,
    errors: leaderId === undefined ? ['etcdserver: no leader'] : [],
    isLearner: node.committedMembership.learners.includes(context.memberId),
    storageVersion: STORAGE_VERSION,
  }
}
