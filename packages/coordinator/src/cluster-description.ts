/**
 * What a member that wants to join asks of one that belongs to the cluster already, on the peers'
 * port: which cluster it is, and who belongs to it. A member that was added finds itself there by its
 * peer URL, and so learns its id (etcd: bootstrapExistingCluster).
 */

import { decodeMembership, encodeMembership, type Membership } from '@holdfast/raft'
import { peerBookOf } from './node/peer-book.js'

export interface ClusterDescription {
  readonly clusterId: string
  readonly membership: Membership
}

const PATH = '/holdfast/cluster'
const ATTEMPT_MS = 2_000

export function describeCluster({ clusterId, membership }: ClusterDescription): string {
  const encoded = Buffer.from(encodeMembership(membership)).toString('base64')
  return JSON.stringify({ clusterId, membership: encoded })
}

/** That of the first of these members that answers; undefined if none does. */
export async function askForCluster(
  peerUrls: readonly string[],
): Promise<ClusterDescription | undefined> {
  for (const url of peerUrls) {
    try {
      const response = await fetch(new URL(PATH, url), { signal: AbortSignal.timeout(ATTEMPT_MS) })
      if (!response.ok) continue
      const { clusterId, membership } = (await response.json()) as Record<string, string>
      if (clusterId === undefined || membership === undefined) continue
      return { clusterId, membership: decodeMembership(Buffer.from(membership, 'base64')) }
    } catch {
      // The next one may answer.
    }
  }
  return undefined
}

/** The member at this peer URL, if the cluster lists it. */
export function memberAt({ membership }: ClusterDescription, peerUrl: string): string | undefined {
  const found = [...peerBookOf(membership).urls].find(([, urls]) => urls.includes(peerUrl))
  return found?.[0]
}
