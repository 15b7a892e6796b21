/**
 * What a member asks of others, on the peers' port, before it has a data directory of its own: which
 * cluster they are, who belongs to it, and who has started there before. A member that was added
 * finds itself by its peer URL, and so learns its id (etcd: bootstrapExistingCluster).
 */

import { createHash } from 'node:crypto'
import { decodeMembership, encodeMembership, type MemberId, type Membership } from '@holdfast/raft'
import { peerBookOf } from './node/peer-book.js'
import { askPeer } from './transport/ask-peer.js'
import { CLUSTER_PATH } from './transport/peer-protocol.js'

export interface ClusterDescription {
  readonly clusterId: string
  readonly membership: Membership
  /** Members that have told the cluster of themselves: they had a data directory once. */
  readonly started: readonly MemberId[]
  /** Of the token that the cluster was founded with; a member that joined later need not know it. */
  readonly tokenHash?: string | undefined
}

/** What a member at this peer URL says. */
export interface ToldDescription extends ClusterDescription {
  readonly url: string
}

const LIMITS = { timeoutMs: 2_000, maxLength: 1024 * 1024 }

interface Encoded {
  readonly clusterId: string
  readonly membership: string
  readonly started: readonly MemberId[]
  readonly tokenHash?: string | undefined
}

export function describeCluster({ membership, ...rest }: ClusterDescription): string {
  const encoded = Buffer.from(encodeMembership(membership)).toString('base64')
  return JSON.stringify({ ...rest, membership: encoded } satisfies Encoded)
}

/** Tells whether two tokens are the same, and not what they are. */
export function hashToken(clusterId: string, token: string): string {
  return createHash('sha256').update(`${clusterId}\n${token}`).digest('hex')
}

/** What those of the members that answer say, in no order. */
export async function askForClusters(
  peerUrls: readonly string[],
): Promise<readonly ToldDescription[]> {
  const answers = await Promise.all(peerUrls.map((url) => ask(url).catch(() => undefined)))
  return answers.filter((answer) => answer !== undefined)
}

/** The member at this peer URL, if the cluster lists it. */
export function memberAt({ membership }: ClusterDescription, peerUrl: string): string | undefined {
  const found = [...peerBookOf(membership).urls].find(([, urls]) => urls.includes(peerUrl))
  return found?.[0]
}

/**
 * Another cluster, which has committed something: one of the two lists is wrong, or one of the tokens.
 * Of two members that have never been in any cluster, nobody can say which one is wrong.
 */
export function isEstablishedOther(one: ClusterDescription, clusterId: string): boolean {
  return one.clusterId !== clusterId && one.started.length > 0
}

export function describeOther(other: ToldDescription, clusterId: string): string {
  return (
    `the member at ${other.url} belongs to cluster ${other.clusterId}, and this one would belong to ` +
    `${clusterId}: the initial cluster and the cluster token must be the same for all members`
  )
}

async function ask(url: string): Promise<ToldDescription> {
  const text = (await askPeer(CLUSTER_PATH, url, LIMITS)) ?? ''
  const { membership, ...rest } = JSON.parse(text) as Encoded
  return { ...rest, url, membership: decodeMembership(Buffer.from(membership, 'base64')) }
}
