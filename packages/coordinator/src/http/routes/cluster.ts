/** `/v3/cluster/member/list`: who is there. */

import type { InputOf, MemberListRequest, routes } from '@holdfast/protocol'
import { requestTimeoutMs, type EdgeContext } from '../edge-context.js'

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
