/**
 * Who a member is, and to whom it belongs: as the initial cluster says when that is new; as its data
 * directory or the running cluster says when it joined later (etcd: initial-cluster-state).
 */

import type { Membership } from '@holdfast/raft'
import { askForCluster, memberAt } from './cluster-description.js'
import { deriveIdentity } from './cluster-identity.js'
import { CoordinatorOptionsError, type CoordinatorConfig } from './coordinator-options.js'
import { encodePeerBook } from './node/peer-book.js'
import { readDirectoryIdentity } from './storage/open-storage.js'

export interface MemberIdentity {
  readonly clusterId: string
  readonly memberId: string
  /** What a new data directory begins with; in an old one, what is stored holds. */
  readonly membership: Membership
}

/** @throws {CoordinatorOptionsError} when the running cluster does not know this member */
export async function resolveIdentity(config: CoordinatorConfig): Promise<MemberIdentity> {
  if (config.initialClusterState === 'new') return founding(config)
  const stored = readDirectoryIdentity(config.dataDirectory)
  if (stored === undefined) return joining(config)
  return { ...stored, membership: { voters: [stored.memberId], learners: [] } }
}

function founding(config: CoordinatorConfig): MemberIdentity {
  const { clusterId, memberId, members } = deriveIdentity(config)
  const urls = new Map(members.map(({ id, peerUrl }) => [id, [peerUrl]] as const))
  const context = encodePeerBook({ urls, removed: [] })
  const membership = { voters: members.map(({ id }) => id), learners: [], context }
  return { clusterId, memberId, membership }
}

async function joining({ initialCluster, peerUrl }: CoordinatorConfig): Promise<MemberIdentity> {
  const own = new URL(peerUrl).origin
  const others = Object.values(initialCluster).filter((url) => new URL(url).origin !== own)
  const described = await askForCluster(others)
  if (described === undefined) {
    throw new CoordinatorOptionsError(
      `none of the members of the existing cluster answers at ${others.join(', ') || 'any peer URL'}`,
    )
  }
  const memberId = memberAt(described, own)
  if (memberId === undefined) {
    throw new CoordinatorOptionsError(
      `cluster ${described.clusterId} lists no member at ${own}: add it first, with \`holdfast member add\``,
    )
  }
  return { clusterId: described.clusterId, memberId, membership: described.membership }
}
