/** What the routes need of the member behind them. */

import type { FileHandle } from 'node:fs/promises'
import type { ResponseHeader } from '@holdfast/protocol'
import { type InputOf } from '@holdfast/protocol'
import type { StoreHashes } from '../node/store-hashes.js'
import type { CoordinatorNode } from '../node/coordinator-node.js'
import type { Clock } from '../time/clock.js'
import type { WatchHub } from '../watch/watch-hub.js'
import type { LargeReads } from './large-reads.js'
import type { Quota } from './quota.js'

/**
 * A request waits this long for the cluster, and two election timeouts more (etcd: ReqTimeout), so
 * that one failed leader can be replaced within it.
 */
export const REQUEST_TIMEOUT_BASE_MS = 5_000

export interface ListedMember {
  readonly id: string
  readonly name: string
  readonly peerUrls: readonly string[]
  readonly clientUrls: readonly string[]
  readonly isLearner: boolean
}

export interface StateBackup {
  readonly bytes: number
  readonly file: Pick<FileHandle, 'read'>
  /** Whoever asked for it is done with it. */
  release(): Promise<void>
}

export interface EdgeContext {
  readonly node: CoordinatorNode
  readonly hub: WatchHub
  readonly clock: Clock
  readonly quota: Quota
  readonly largeReads: LargeReads
  readonly hashes: StoreHashes
  /** A copy of the state as it is now, or why there is none. */
  readonly takeBackup: () => Promise<StateBackup | 'tooMany' | 'noRoom' | 'closed'>
  readonly clusterId: string
  readonly memberId: string
  readonly members: () => readonly ListedMember[]
  /** Draws the id of a member that is added. */
  readonly drawMemberId: (peerUrls: readonly string[]) => string
  /** Draws the id of a lease whose client left the choice to the server: a positive int63. */
  readonly drawLeaseId: () => string
  /** Prometheus' text format. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>
}

export function requestTimeoutMs({
  node,
}: {
  readonly node: Pick<CoordinatorNode, 'electionTimeoutMs'>
}): number {
  return REQUEST_TIMEOUT_BASE_MS + 2 * node.electionTimeoutMs
}

export function responseHeader(
  { clusterId, memberId, node }: EdgeContext,
  revision = node.state.revision,
): InputOf<typeof ResponseHeader> {
  return { clusterId, memberId, revision, raftTerm: node.status.term }
}
