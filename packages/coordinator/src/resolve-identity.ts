/**
 * Who a member is, and to whom it belongs: as the initial cluster says when that is new; as its data
 * directory or the running cluster says when it joined later (etcd: initial-cluster-state). Whatever
 * the others say against it is said in one line, before the data directory is claimed (catalogue 49).
 */

import type { Membership } from '@holdfast/raft'
import {
  askForClusters,
  describeOther,
  hashToken,
  isEstablishedOther,
  memberAt,
  type ToldDescription,
} from './cluster-description.js'
import { deriveIdentity } from './cluster-identity.js'
import { CoordinatorOptionsError, type CoordinatorConfig } from './coordinator-options.js'
import { encodePeerBook, peerBookOf } from './node/peer-book.js'
import { readDirectoryIdentity } from './storage/open-storage.js'
import { readStoredMembership } from './storage/stored-membership.js'

export interface MemberIdentity {
  readonly clusterId: string
  readonly memberId: string
  /** What a new data directory begins with; in an old one, what is stored holds. */
  readonly membership: Membership
  /** If this member knows for certain which token the cluster was founded with. */
  readonly tokenHash?: string | undefined
}

type StoredIdentity = NonNullable<ReturnType<typeof readDirectoryIdentity>>

/** @throws {CoordinatorOptionsError} when the running cluster will not have this member */
export async function resolveIdentity(config: CoordinatorConfig): Promise<MemberIdentity> {
  const stored = readDirectoryIdentity(config.dataDirectory)
  if (config.initialClusterState === 'new') {
    const identity = foundingIdentity(config, stored?.restoredFrom)
    if (stored === undefined) await requireNeverStarted(config, identity)
    return identity
  }
  if (stored === undefined) return joining(config)
  await requireOwnPlace(config, stored)
  return { ...stored, membership: { voters: [stored.memberId], learners: [] } }
}

/** @param restoredFrom what the cluster begins with; undefined: with nothing */
export function foundingIdentity(config: CoordinatorConfig, restoredFrom?: string): MemberIdentity {
  const { clusterId, memberId, members } = deriveIdentity(config, restoredFrom)
  const urls = new Map(members.map(({ id, peerUrl }) => [id, [peerUrl]] as const))
  const context = encodePeerBook({ urls, removed: [] })
  const membership = { voters: members.map(({ id }) => id), learners: [], context }
  return { clusterId, memberId, membership, tokenHash: hashToken(clusterId, config.clusterToken) }
}

/**
 * A member that comes back with an empty directory has forgotten its votes and what it acknowledged:
 * with its help a majority could lose committed writes (catalogue 34; etcd: isMemberBootstrapped).
 * Whoever has seen it before says so; at the very first start nobody has. Where nobody answers now, it
 * is refused later by those who know which directory it had: see `directory-stamp.ts`.
 */
async function requireNeverStarted(
  config: CoordinatorConfig,
  { clusterId, memberId }: MemberIdentity,
): Promise<void> {
  const described = await askForClusters(otherPeerUrls(config))
  const other = described.find((one) => isEstablishedOther(one, clusterId))
  if (other !== undefined) throw new CoordinatorOptionsError(describeOther(other, clusterId))
  if (!described.some(({ started }) => started.includes(memberId))) return
  throw new CoordinatorOptionsError(
    `member ${memberId} of cluster ${clusterId} has started before, with data that is not in ` +
      `${config.dataDirectory}: bring that back; or, unless that is done already, remove the ` +
      'member and add it anew, and then start it with the initial cluster state "existing"',
  )
}

async function joining(config: CoordinatorConfig): Promise<MemberIdentity> {
  const own = new URL(config.peerUrl).origin
  const others = otherPeerUrls(config)
  if (others.length === 0) {
    throw new CoordinatorOptionsError(
      '--initial-cluster (initialCluster) must name the members of the existing cluster',
    )
  }
  const described = await askForClusters(others)
  if (described.length === 0) {
    throw new CoordinatorOptionsError(
      `none of the members of the existing cluster answers at ${others.join(', ')}`,
    )
  }
  requireSameToken(config, described)
  for (const cluster of described) {
    const { clusterId, membership, started } = cluster
    const memberId = memberAt(cluster, own)
    if (memberId === undefined) continue
    requireListed(others, cluster)
    if (!started.includes(memberId)) return { clusterId, memberId, membership }
    throw new CoordinatorOptionsError(
      `member ${memberId} of cluster ${clusterId} has started before, with data that is not in ` +
        `${config.dataDirectory}: remove it, and add it anew`,
    )
  }
  throw new CoordinatorOptionsError(
    `cluster ${idsOf(described)} lists no member at ${own}: add it first, with \`holdfast member add\``,
  )
}

/** The members that joined later say nothing of it. */
function requireSameToken(
  { clusterToken }: CoordinatorConfig,
  described: readonly ToldDescription[],
): void {
  const other = described.find(
    ({ clusterId, tokenHash }) =>
      tokenHash !== undefined && tokenHash !== hashToken(clusterId, clusterToken),
  )
  if (other === undefined) return
  throw new CoordinatorOptionsError(
    `cluster ${other.clusterId} was founded with another cluster token than "${clusterToken}"`,
  )
}

/** As etcd does it: a list with a member that is none was meant for another cluster. */
function requireListed(urls: readonly string[], cluster: ToldDescription): void {
  const stranger = urls.find((url) => memberAt(cluster, new URL(url).origin) === undefined)
  if (stranger === undefined) return
  throw new CoordinatorOptionsError(
    `the initial cluster has a member at ${stranger}, and cluster ${cluster.clusterId} has none there`,
  )
}

/**
 * A directory that was copied, or mounted in the wrong place, would make two members of one; and whom
 * the others look for elsewhere hears nothing. Those of the others that answer say where its member is
 * to be found, or else the directory itself does (catalogue 50).
 */
async function requireOwnPlace(
  config: CoordinatorConfig,
  { clusterId, memberId }: StoredIdentity,
): Promise<void> {
  const own = new URL(config.peerUrl).origin
  const membership = readStoredMembership(config.dataDirectory)
  const stored = membership && peerBookOf(membership).urls
  const others = [...(stored ?? [])].flatMap(([id, urls]) => (id === memberId ? [] : urls))
  const asked = new Set([...otherPeerUrls(config), ...others.filter((url) => url !== own)])
  const described = await askForClusters([...asked])
  const directory = `${config.dataDirectory} belongs to member ${memberId} of cluster ${clusterId}`
  const ours = described.filter((one) => one.clusterId === clusterId)
  if (ours.length === 0 && described.length > 0) {
    throw new CoordinatorOptionsError(
      `${directory}, and those who answer belong to cluster ${idsOf(described)}`,
    )
  }
  const told = ours.map((one) => peerBookOf(one.membership).urls.get(memberId))
  // For one that is alone, nobody looks.
  const places = told.length > 0 || others.length === 0 ? told : [stored?.get(memberId)]
  // Whoever was removed is told so by the others, for good.
  if (places.length === 0) return
  if (places.some((urls) => urls === undefined || urls.includes(own))) return
  throw new CoordinatorOptionsError(
    `${directory}, which is to be found at ${[...new Set(places.flat())].join(', ')}, and not at ` +
      `${own}: start it there, give this member its own directory, or tell the cluster first that ` +
      'it has moved, with `holdfast member update`',
  )
}

function idsOf(described: readonly ToldDescription[]): string {
  return [...new Set(described.map(({ clusterId }) => clusterId))].join(', ')
}

function otherPeerUrls({ peerUrl, initialCluster }: CoordinatorConfig): readonly string[] {
  const own = new URL(peerUrl).origin
  return Object.values(initialCluster).filter((url) => new URL(url).origin !== own)
}
