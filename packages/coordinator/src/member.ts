/**
 * One member without its sockets and files: node, watches and HTTP edge, put together. The
 * composition root gives it real storage, a real network and real time; a simulation its own.
 */

import type { Hono } from 'hono'
import type { MemberId, Membership, Status } from '@holdfast/raft'
import { drawMemberId } from './cluster-identity.js'
import { createApp } from './http/app.js'
import { requestTimeoutMs, type EdgeContext } from './http/edge-context.js'
import { LargeReads } from './http/large-reads.js'
import { Quota } from './http/quota.js'
import { listMembers } from './list-members.js'
import { AutoCompaction, type CompactionPolicy } from './node/auto-compaction.js'
import { CoordinatorNode, type NodeOptions, type NodeSnapshots } from './node/coordinator-node.js'
import { StoreHashes } from './node/store-hashes.js'
import type { PeerHandler, PeerTransport } from './node/peer-transport.js'
import { publishMember } from './publish-member.js'
import type { MemberIdentity } from './resolve-identity.js'
import type { DirectoryStamp } from './state-machine/directory-stamp.js'
import { decodeProposal, encodeProposal } from './state-machine/proposal-codec.js'
import type { AppliedBatch } from './state-machine/state-machine.js'
import type { Backups } from './storage/backups.js'
import type { OutgoingSnapshots } from './storage/outgoing-snapshots.js'
import type { Storage } from './storage/open-storage.js'
import { WatchHub } from './watch/watch-hub.js'

/** What a member says of its cluster to one that wants to join. */
export interface MemberDescription {
  readonly clusterId: string
  readonly membership: Membership
  /** Members that have told the cluster of themselves. */
  readonly started: readonly MemberId[]
}

/** What the member answers to the network, which exists before it. */
export interface MemberHandler extends PeerHandler {
  describe(): MemberDescription
  /** On which directory a member runs, as far as is applied. */
  directoryOf(id: MemberId): DirectoryStamp | undefined
}

export interface MemberTransport extends PeerTransport {
  readonly sendSnapshot: NodeSnapshots['send']
  /** A member may have told of its directory: who is there with another one is cut off. */
  onPublished(): void
}

export interface MemberParts<Transport extends MemberTransport> {
  readonly name: string
  readonly identity: MemberIdentity
  readonly timing: Pick<NodeOptions, 'tickMs' | 'heartbeatTicks' | 'electionTicks'>
  readonly storage: MemberStorage
  /** The one that the storage is in. */
  readonly directory: DirectoryStamp
  /** Entries of the log that are kept although the state holds them. */
  readonly keptEntries?: number | undefined
  /** Infinity for none. */
  readonly quotaBytes: number
  /** Undefined: history is kept until somebody compacts it. */
  readonly compaction?: CompactionPolicy | undefined
  readonly leaseCheckpointMs?: NodeOptions['leaseCheckpointMs']
  readonly clock: NodeOptions['clock']
  readonly chance: MemberChance
  readonly createTransport: (handler: MemberHandler) => Transport
  readonly createMetrics: (parts: {
    readonly node: CoordinatorNode
    readonly hub: WatchHub
  }) => EdgeContext['metrics']
  readonly onStatus: (status: Status) => void
  readonly onSlowDisk?: NodeOptions['onSlowDisk']
  /** The disk of the data; undefined where space is no matter. */
  readonly space?: NodeOptions['space']
  readonly onSpace?: NodeOptions['onSpace']
  /** A defect of ours, which a client only sees as an internal error. */
  readonly onDefect: (error: unknown) => void
  /** The member can no longer be trusted and must stop. */
  readonly onFatal: (error: unknown) => void
}

/** What a member needs of its data directory. */
export type MemberStorage = Pick<
  Storage,
  'log' | 'state' | 'applyGate' | 'durableAppliedIndex' | 'installSnapshot' | 'discardSnapshot'
> & {
  readonly outgoing: Pick<OutgoingSnapshots, 'take' | 'oldestIndex'>
  readonly backups: Pick<Backups, 'take'>
}

/** What a member draws at random. */
export interface MemberChance {
  /** An unsigned 32-bit integer, another one at every start. */
  readonly seed: number
  /** Unique to this run of the member. */
  readonly incarnation: string
  /** A positive int63 that no lease has. */
  readonly drawLeaseId: () => string
  /** A text that nobody else draws. */
  readonly drawUniqueId: () => string
}

export interface Member<Transport extends MemberTransport> {
  readonly node: CoordinatorNode
  readonly hub: WatchHub
  readonly transport: Transport
  /** Answers the requests of clients. */
  readonly app: Hono
  /** Takes part in the cluster, and tells it its name and where clients reach it. */
  start(clientUrls: readonly string[]): void
  close(): Promise<void>
}

/** Nothing happens before `start`. */
export function createMember<Transport extends MemberTransport>(
  parts: MemberParts<Transport>,
): Member<Transport> {
  const { name, identity, storage, clock, onFatal } = parts
  const { memberId } = identity
  const hub = new WatchHub(storage.state, clock, onFatal)
  const transport = parts.createTransport(handlerOf(() => node, identity))
  const node: CoordinatorNode = createNode(parts, hub, transport)
  const app = createApp({ context: contextOf(parts, node, hub), onDefect: parts.onDefect })
  let stopPublishing = (): void => undefined
  const compaction = parts.compaction && createCompaction(parts.compaction, node, clock)
  return {
    node,
    hub,
    transport,
    app,
    start: (clientUrls) => {
      node.start()
      compaction?.start()
      const told = { id: memberId, name, clientUrls, directory: parts.directory }
      stopPublishing = publishMember(node, told, clock)
    },
    close: async () => {
      stopPublishing()
      compaction?.close()
      await node.close()
      hub.close()
    },
  }
}

function createCompaction(
  policy: CompactionPolicy,
  node: CoordinatorNode,
  clock: NodeOptions['clock'],
): AutoCompaction {
  return new AutoCompaction({
    ...{ policy, clock },
    revision: () => node.state.revision,
    leads: () => node.status.role === 'leader',
    compact: async (revision) => {
      if (revision <= node.state.compactRevision) return
      await node.propose({ type: 'compact', revision }, { timeoutMs: requestTimeoutMs({ node }) })
    },
  })
}

/** Nothing arrives before there is a node to hand it to. */
function handlerOf(node: () => CoordinatorNode, { clusterId }: MemberIdentity): MemberHandler {
  return {
    onMessage: (message) => node().peerHandler.onMessage(message),
    onRequest: (request) => node().peerHandler.onRequest(request),
    onUnreachable: (id) => node().peerHandler.onUnreachable(id),
    wantsSnapshot: (message) => node().peerHandler.wantsSnapshot(message),
    onSnapshot: (message) => node().peerHandler.onSnapshot(message),
    describe: () => ({
      clusterId,
      // In force is enough: that of a second voter is not committed before it has joined.
      membership: node().membership,
      started: node()
        .state.members()
        .map(({ id }) => id),
    }),
    directoryOf: (id) =>
      node()
        .state.members()
        .find((member) => member.id === id)?.directory,
  }
}

function createNode(
  parts: MemberParts<MemberTransport>,
  hub: WatchHub,
  transport: MemberTransport,
): CoordinatorNode {
  const { identity, timing, storage, keptEntries, clock, chance } = parts
  return new CoordinatorNode({
    memberId: identity.memberId,
    incarnation: chance.incarnation,
    seed: chance.seed,
    ...timing,
    clock,
    log: storage.log,
    state: storage.state,
    applyGate: () => storage.applyGate,
    snapshots: {
      take: () => storage.outgoing.take(),
      send: (message, snapshot) => transport.sendSnapshot(message, snapshot),
      install: () => storage.installSnapshot(),
      discard: () => storage.discardSnapshot(),
      durableIndex: () => storage.durableAppliedIndex,
      oldestSentIndex: () => storage.outgoing.oldestIndex,
      ...(keptEntries === undefined ? {} : { keptEntries }),
    },
    leaseCheckpointMs: parts.leaseCheckpointMs,
    codec: { encode: encodeProposal, decode: decodeProposal },
    transport,
    onApplied: (batch) => {
      hub.onApplied(batch.revisions)
      if (hasPublished(batch)) transport.onPublished()
    },
    onRestored: (revision) => {
      hub.onRestored(revision)
      transport.onPublished()
    },
    onStatus: parts.onStatus,
    onSlowDisk: parts.onSlowDisk,
    space: parts.space,
    onSpace: parts.onSpace,
    onFatal: parts.onFatal,
  })
}

function hasPublished({ proposals }: AppliedBatch): boolean {
  return proposals.some(({ proposal }) => proposal.command.type === 'publishMember')
}

function contextOf(
  parts: MemberParts<MemberTransport>,
  node: CoordinatorNode,
  hub: WatchHub,
): EdgeContext {
  const { identity, storage, clock, chance, createMetrics, quotaBytes: limitBytes } = parts
  const { clusterId, memberId } = identity
  return {
    ...{ node, hub, clock, clusterId, memberId },
    quota: new Quota({ limitBytes, memberId, node, timeoutMs: requestTimeoutMs({ node }) }),
    largeReads: new LargeReads(clock),
    hashes: new StoreHashes(storage.state, clock),
    takeBackup: () => storage.backups.take(() => node.findsRoomFor(storage.state.sizeBytes)),
    members: () => listMembers(node, identity),
    drawMemberId: (peerUrls) => drawMemberId(peerUrls, chance.drawUniqueId()),
    drawLeaseId: () => chance.drawLeaseId(),
    metrics: createMetrics({ node, hub }),
  }
}
