/**
 * The composition root: options → storage → node → HTTP. Reads top to bottom as the architecture.
 */

import { randomBytes, randomInt } from 'node:crypto'
import { nanoid } from 'nanoid'
import type { Status } from '@holdfast/raft'
import { Closers } from './closers.js'
import { drawMemberId } from './cluster-identity.js'
import {
  resolveOptions,
  type CoordinatorConfig,
  type CoordinatorOptions,
} from './coordinator-options.js'
import { createTransport, type Transport } from './create-transport.js'
import { createApp } from './http/app.js'
import type { EdgeContext } from './http/edge-context.js'
import { listenForClients } from './http/server.js'
import { listMembers } from './list-members.js'
import { createLogger, type Logger } from './logger.js'
import { MemberRemovedError } from './member-removed-error.js'
import { createMetrics } from './metrics.js'
import { CoordinatorNode } from './node/coordinator-node.js'
import type { PeerHandler } from './node/peer-transport.js'
import { publishMember } from './publish-member.js'
import { resolveIdentity, type MemberIdentity } from './resolve-identity.js'
import { decodeProposal, encodeProposal } from './state-machine/proposal-codec.js'
import { openStorage, type Storage } from './storage/open-storage.js'
import { systemClock } from './time/clock.js'
import { WatchHub } from './watch/watch-hub.js'

/** A running member. */
export interface Coordinator {
  /** Where clients reach it. */
  readonly clientUrl: string
  readonly clusterId: string
  readonly memberId: string
  readonly status: Status
  /** Stops serving, finishes what is being written, releases the data directory. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts one member, serving clients when the promise resolves; it may not have a leader yet.
 *
 * Alone, as by default, it is a cluster of one that runs the same code as a member of three.
 *
 * @throws {CoordinatorOptionsError} when the options make no sense
 * @throws {StorageError} when the data directory is in use, foreign, damaged or not writable
 * @throws an error with code `EADDRINUSE` when an address is taken
 * @example
 * ```ts
 * const coordinator = await startCoordinator({ dataDirectory: './data', clientUrl: 'http://127.0.0.1:0' })
 * const holdfast = connect({ endpoints: [coordinator.clientUrl] })
 * ```
 */
export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const config = resolveOptions(options)
  const log = createLogger(config.logLevel, { member: config.name })
  const opened = new Closers()
  const onFatal = fatalHandler(config, log, opened)
  try {
    const identity = await resolveIdentity(config)
    return await open({ config, identity, log, opened, onFatal })
  } catch (error) {
    await opened.close()
    throw error
  }
}

interface Base {
  readonly config: CoordinatorConfig
  readonly identity: MemberIdentity
  readonly log: Logger
  readonly opened: Closers
  readonly onFatal: (cause: unknown) => void
}

async function open(base: Base): Promise<Coordinator> {
  const { config, identity, log, opened, onFatal } = base
  const { clusterId, memberId, membership } = identity

  const storage = await openStorage({
    directory: config.dataDirectory,
    identity: { clusterId, memberId },
    membership,
    onFatal,
  })
  opened.add(() => storage.close())
  const hub = new WatchHub(storage.state, systemClock, onFatal)
  opened.add(() => hub.close())
  const { node, transport, leaderChanges } = createNode({ ...base, storage, hub })
  opened.add(() => node.close())
  const metrics = createMetrics({ node, hub, log: storage.log, leaderChanges })
  const context: EdgeContext = {
    node,
    hub,
    clock: systemClock,
    clusterId,
    memberId,
    members: () => listMembers(node, identity),
    drawMemberId: (peerUrls) => drawMemberId(peerUrls, nanoid()),
    drawLeaseId,
    metrics: async () => ({ contentType: metrics.contentType, body: await metrics.metrics() }),
  }
  const app = createApp({ context, onDefect: (error) => log.error({ err: error }, 'defect') })

  await transport.start()
  const server = await listenForClients(app, config.clientUrl)
  opened.add(() => server.close())
  node.start()
  const clientUrls = config.advertisedClientUrls ?? [server.url]
  opened.add(publishMember(node, { id: memberId, name: config.name, clientUrls }, systemClock))
  log.info({ clientUrl: server.url, peerUrl: config.peerUrl, clusterId, memberId }, 'serving')
  return {
    clientUrl: server.url,
    clusterId,
    memberId,
    get status() {
      return node.status
    },
    close: () => opened.close(),
  }
}

/** A member that doubts its state stops everything: it must neither vote nor acknowledge. */
function fatalHandler(
  { onFatal }: CoordinatorConfig,
  log: Logger,
  opened: Closers,
): (cause: unknown) => void {
  return (cause) => {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    log.fatal({ err: error }, 'stopping: this member can no longer be trusted')
    opened.close().catch((failure: unknown) => log.error({ err: failure }, 'while stopping'))
    if (onFatal === undefined) throw error
    onFatal(error)
  }
}

interface NodeParts extends Base {
  readonly storage: Storage
  readonly hub: WatchHub
}

function createNode({ config, identity, log, storage, hub, onFatal }: NodeParts): {
  node: CoordinatorNode
  transport: Transport
  leaderChanges: () => number
} {
  // Nothing arrives before `listen`, when there is a node to hand it to.
  const handler: PeerHandler = {
    onMessage: (message) => node.peerHandler.onMessage(message),
    onRequest: (request) => node.peerHandler.onRequest(request),
    onUnreachable: (id) => node.peerHandler.onUnreachable(id),
    wantsSnapshot: (message) => node.peerHandler.wantsSnapshot(message),
    onSnapshot: (message) => node.peerHandler.onSnapshot(message),
  }
  const transport = createTransport({
    ...{ identity, handler, storage, log },
    peerUrl: config.peerUrl,
    describe: () => ({
      clusterId: identity.clusterId,
      // In force is enough: that of a second voter is not committed before it has joined.
      membership: node.membership,
      started: node.state.members().map(({ id }) => id),
    }),
    onRemoved: () => onFatal(new MemberRemovedError(config.name)),
  })
  let leaderChanges = 0
  const node: CoordinatorNode = new CoordinatorNode({
    memberId: identity.memberId,
    incarnation: nanoid(),
    ...timing(config),
    seed: randomInt(2 ** 32),
    clock: systemClock,
    log: storage.log,
    state: storage.state,
    applyGate: () => storage.applyGate,
    snapshots: {
      take: () => storage.outgoing.take(),
      send: (message, { path, ...file }) => transport.sendSnapshot(message, path, file),
      install: () => storage.installSnapshot(),
      discard: () => storage.discardSnapshot(),
      durableIndex: () => storage.durableAppliedIndex,
      oldestSentIndex: () => storage.outgoing.oldestIndex,
      keptEntries: config.snapshotCatchUpEntries,
    },
    codec: { encode: encodeProposal, decode: decodeProposal },
    transport,
    onApplied: (batch) => hub.onApplied(batch.revisions),
    onRestored: (revision) => hub.onRestored(revision),
    onStatus: (status) => {
      leaderChanges += status.leaderId === undefined ? 0 : 1
      log.info({ ...status }, 'status')
    },
    onFatal,
  })
  return { node, transport, leaderChanges: () => leaderChanges }
}

/** One tick is a heartbeat; shorter ones would only wake the process more often. */
function timing({ heartbeatIntervalMs, electionTimeoutMs }: CoordinatorConfig): {
  tickMs: number
  heartbeatTicks: number
  electionTicks: number
} {
  return {
    tickMs: heartbeatIntervalMs,
    heartbeatTicks: 1,
    electionTicks: Math.ceil(electionTimeoutMs / heartbeatIntervalMs),
  }
}

/** A positive int63, which no client's JSON can mistake for a negative one. */
function drawLeaseId(): string {
  return (randomBytes(8).readBigUInt64BE() >> 1n || 1n).toString()
}
