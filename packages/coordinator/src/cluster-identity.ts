/**
 * Who a member is. Ids are derived from the initial cluster and its token, so that every member
 * computes the same ones without talking, and clusters that were listed differently never mix
 * (catalogue 49 and 50; etcd derives its ids in the same manner).
 */

import { createHash } from 'node:crypto'
import type { MemberId } from '@holdfast/raft'
import type { CoordinatorConfig } from './coordinator-options.js'

export interface ClusterMember {
  readonly id: MemberId
  readonly name: string
  readonly peerUrl: string
}

export interface ClusterIdentity {
  /** An unsigned 64-bit integer in decimal. */
  readonly clusterId: string
  readonly memberId: MemberId
  /** All members, this one too, ordered by id as text. */
  readonly members: readonly ClusterMember[]
}

export function deriveIdentity(
  config: Pick<CoordinatorConfig, 'name' | 'initialCluster' | 'clusterToken'>,
  restoredFrom?: string,
): ClusterIdentity {
  const origin = restoredFrom === undefined ? [] : ['restored', restoredFrom]
  const members = Object.entries(config.initialCluster)
    .map(([name, url]) => {
      const peerUrl = new URL(url).origin
      return { id: hash64(['member', config.clusterToken, peerUrl, ...origin]), name, peerUrl }
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const self = members.find(({ name }) => name === config.name)
  if (self === undefined) throw new Error('the initial cluster does not list this member')
  return {
    clusterId: hash64(['cluster', config.clusterToken, ...members.map(({ id }) => id), ...origin]),
    memberId: self.id,
    members,
  }
}

/** For a member that is added later: nobody has ever had it. */
export function drawMemberId(peerUrls: readonly string[], unique: string): MemberId {
  return hash64(['added', unique, ...peerUrls])
}

function hash64(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest().readBigUInt64BE().toString()
}
