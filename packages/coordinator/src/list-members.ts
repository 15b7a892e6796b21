/** Who belongs to the cluster, as far as is committed, and what each has told of itself. */

import type { ListedMember } from './http/edge-context.js'
import type { CoordinatorNode } from './node/coordinator-node.js'
import { peerBookOf } from './node/peer-book.js'
import type { MemberIdentity } from './resolve-identity.js'

/** A member that has not started yet has neither name nor client URLs, as in etcd. */
export function listMembers(
  node: CoordinatorNode,
  identity: MemberIdentity,
): readonly ListedMember[] {
  const { voters, learners } = node.committedMembership
  const published = new Map(node.state.members().map((member) => [member.id, member]))
  const { urls } = peerBookOf(node.committedMembership)
  const { urls: initial } = peerBookOf(identity.membership)
  return [...voters, ...learners].sort().map((id) => ({
    id,
    name: published.get(id)?.name ?? '',
    peerUrls: urls.get(id) ?? initial.get(id) ?? [],
    clientUrls: published.get(id)?.clientUrls ?? [],
    isLearner: learners.includes(id),
  }))
}
