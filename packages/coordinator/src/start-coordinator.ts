/**
 * The composition root: options → storage → node → HTTP. Reads top to bottom as the architecture.
 */

import { randomBytes, randomInt } from 'node:crypto'
import { nanoid } from 'nanoid'
import type { Status } from '@holdfast/raft'
import { Closers } from './closers.js'
import {
  compactionPolicy,
  isLoopback,
  quotaOf,
  resolveOptions,
  type CoordinatorConfig,
  type CoordinatorOptions,
} from './coordinator-options.js'
import { createTransport, type Transport } from './create-transport.js'
import { logEnd } from './end-log.js'
import { listenForClients } from './http/server.js'
import { createLogger, type Logger } from './logger.js'
import { createMember, type Member } from './member.js'
import { MemberRemovedError } from './member-removed-error.js'
import { MisplacedMemberError } from './misplaced-member-error.js'
import { metricsText } from './metrics.js'
import { receivingWithin } from './node/receiving-within.js'
import type { SpaceNews } from './node/space-guard.js'
import { resolveIdentity, type MemberIdentity } from './resolve-identity.js'
import { DataSpace, openStorage, rolledBack } from './storage/open-storage.js'
import { systemClock } from './time/clock.js'

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
 * @throws what `onFatal` was told, when that was before it served
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
  const fatal = new AbortController()
  const onFatal = fatalHandler({ config, log, opened, fatal })
  try {
    const identity = await resolveIdentity(config)
    return await open({ config, identity, log, opened, onFatal, fatal: fatal.signal })
  } catch (error) {
    // What fails afterwards fails because everything was stopped.
    const reason: unknown = fatal.signal.aborted ? fatal.signal.reason : error
    await opened.close().catch((err: unknown) => log.error({ err }, 'while stopping'))
    throw reason
  }
}

interface Base {
  readonly config: CoordinatorConfig
  readonly identity: MemberIdentity
  readonly log: Logger
  readonly opened: Closers
  readonly onFatal: (cause: unknown) => void
  /** Aborted by the first fatal error. Nothing may be opened, or begun, on parts that are closed. */
  readonly fatal: AbortSignal
}

async function open(base: Base): Promise<Coordinator> {
  const { config, identity, log, opened, onFatal, fatal } = base
  const { clusterId, memberId, membership } = identity

  const space = new DataSpace(config.dataDirectory)
  await space.prepareStart()
  const storage = await openStorage({
    directory: config.dataDirectory,
    identity: { clusterId, memberId },
    membership,
    onFatal,
  })
  opened.add(() => storage.close())
  fatal.throwIfAborted()
  let leaderChanges = 0
  const member: Member<Transport> = createMember({
    ...{ name: config.name, identity, storage, clock: systemClock, onFatal },
    directory: storage.stamp,
    timing: timing(config),
    keptEntries: config.snapshotCatchUpEntries,
    quotaBytes: quotaOf(config),
    compaction: compactionPolicy(config),
    chance: {
      seed: randomInt(2 ** 32),
      incarnation: nanoid(),
      drawLeaseId,
      drawUniqueId: () => nanoid(),
    },
    createTransport: (handler) =>
      createTransport({
        ...{ identity, handler, log, peerUrl: config.peerUrl },
        storage: receivingWithin(storage, (bytes) => member.node.hasRoomFor(bytes)),
        onRemoved: () => onFatal(new MemberRemovedError(config.name)),
        onForgetful: (lost) => onFatal(rolledBack(config.dataDirectory, memberId, lost)),
        onMisplaced: (how) =>
          onFatal(new MisplacedMemberError(config.name, how, config.dataDirectory)),
      }),
    createMetrics: (parts) =>
      metricsText({
        ...{ ...parts, memberId, quotaBytes: quotaOf(config), log: storage.log },
        leaderChanges: () => leaderChanges,
      }),
    onStatus: (status) => {
      leaderChanges += status.leaderId === undefined ? 0 : 1
      log.info({ ...status }, 'status')
    },
    space,
    onSpace: (news) => logSpace(log, news),
    onSlowDisk: (to, stalledMs) =>
      log.warn({ to, stalledMs }, 'the disk is too slow to lead: handing over the leadership'),
    onDefect: (error) => log.error({ err: error }, 'defect'),
  })
  opened.add(() => member.close())
  const { node } = member

  await member.transport.start()
  fatal.throwIfAborted()
  const server = await listenForClients(member.app, { url: config.clientUrl, clock: systemClock })
  opened.add(() => server.close())
  fatal.throwIfAborted()
  member.start(config.advertisedClientUrls ?? [server.url])
  logServing(base, server.url)
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

function logServing({ config, identity, log }: Base, clientUrl: string): void {
  const { allowUnauthenticated, peerUrl } = config
  const { clusterId, memberId } = identity
  if (allowUnauthenticated && !(isLoopback(clientUrl) && isLoopback(peerUrl))) {
    log.warn('whoever reaches this member may read and change everything: there are no credentials')
  }
  log.info({ clientUrl, peerUrl, clusterId, memberId }, 'serving')
}

/** A member that doubts its state stops everything: it must neither vote nor acknowledge. */
function fatalHandler({
  config: { onFatal },
  log,
  opened,
  fatal,
}: Pick<Base, 'config' | 'log' | 'opened'> & { readonly fatal: AbortController }): Base['onFatal'] {
  return (cause) => {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    fatal.abort(error)
    logEnd(log, error)
    opened.close().catch((failure: unknown) => log.error({ err: failure }, 'while stopping'))
    if (onFatal === undefined) throw error
    onFatal(error)
  }
}

function logSpace(log: Logger, news: SpaceNews): void {
  switch (news.type) {
    case 'short':
      log.warn(
        { freeBytes: news.freeBytes },
        'the disk is nearly full: refusing what makes the store grow',
      )
      break
    case 'enough':
      log.info({ freeBytes: news.freeBytes }, 'the disk has room again')
      break
    case 'noReserve':
      log.warn({ err: news.error }, 'no room can be held in reserve for when the disk is full')
      break
  }
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
