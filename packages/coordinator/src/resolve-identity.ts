/**
 * Who a member is, and to whom it belongs: as the initial cluster says when that is new; as its data
 * directory or the running cluster says when it joined later (etcd: initial-cluster-state).
 */

import type { Membership } from '@holdfast/raft'
import { askForClusters, memberAt } from './cluster-description.js'
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

/** @throws {CoordinatorOptionsError} when the running cluster will not have this member */
export async function resolveIdentity(config: CoordinatorConfig): Promise<MemberIdentity> {
  const stored = readDirectoryIdentity(config.dataDirectory)
  if (config.initialClusterState === 'new') {
    const identity = founding(config)
    if (stored === undefined) await requireNeverStarted(config, identity)
    return identity
  }
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

/**
 * A member that comes back with an empty directory has forgotten its votes and what it acknowledged:
 * with its help a majority could lose committed writes (catalogue 34; etcd: isMemberBootstrapped).
 * Whoever has seen it before says so; at the very first start nobody has.
 */
async function requireNeverStarted(
  config: CoordinatorConfig,
  { clusterId, memberId }: MemberIdentity,
): Promise<void> {
  const described = await askForClusters(otherPeerUrls(config))
  const knows = described.some(
    (one) => one.clusterId === clusterId && one.started.includes(memberId),
  )
  if (!knows) return
  throw new CoordinatorOptionsError(
    `member ${memberId} of cluster ${clusterId} has started before, with data that is not in ` +
      `${config.dataDirectory}: bring that back, or remove the member, add it anew and start it ` +
      'with the initial cluster state "existing"',
  )
}

async function joining(config: CoordinatorConfig): Promise<MemberIdentity> {
  const own = new URL(config.peerUrl).origin
  const others = otherPeerUrls(config)
  const described = await askForClusters(others)
  if (described.length === 0) {
    throw new CoordinatorOptionsError(
      `none of the members of the existing cluster answers at ${others.join(', ') || 'any peer URL'}`,
    )
  }
  for (const cluster of described) {
    const { clusterId, membership, started } = cluster
    const memberId = memberAt(cluster, own)
    if (memberId === undefined) continue
    if (!started.includes(memberId)) return { clusterId, memberId, membership }
    throw new CoordinatorOptionsError(
      `member ${memberId} of cluster ${clusterId} has started before, with data that is not in ` +
        `${config.dataDirectory}: remove it, and add it anew`,
    )
  }
  const ids = [...new Set(described.map(({ clusterId }) => clusterId))].join(', ')
  throw new CoordinatorOptionsError(
    `cluster ${ids} lists no member at ${own}: add it first, with \`holdfast member add\``,
  )
}

function otherPeerUrls({ peerUrl, initialCluster }: CoordinatorConfig): readonly string[] {
  const own = new URL(peerUrl).origin
  return Object.values(initialCluster).filter((url) => new URL(url).origin !== own)
}
