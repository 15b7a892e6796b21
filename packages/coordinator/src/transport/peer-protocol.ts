/**
 * What members must agree on before they talk: who they are, in which cluster, and in which version
 * of the peer protocol. All of it stands in the headers of the HTTP upgrade that opens a stream, and
 * a mismatch is refused before any byte of Raft is read (catalogue 49: wrong cluster, wrong member).
 */

import type { IncomingHttpHeaders } from 'node:http'
import type { MemberId } from '@holdfast/raft'
import { checksumOf } from './checksummed.js'
import type { LogAtStart } from './peer-promises.js'

export const PEER_PROTOCOL = 'holdfast-peer/1'
export const PEER_PATH = '/holdfast/peer'
/** The status by which a member learns that it was removed (etcd: rafthttp does the same). */
export const GONE = 410
/** The status by which it learns that it has forgotten what it had said. */
export const CONFLICT = 409
/** The status by which a process learns that another one is the member that it says it is. */
export const NOT_THE_ONE = 421
/** The status by which a member learns that the other belongs to another cluster. */
export const WRONG_CLUSTER = 404

const OURS = 'holdfast-'
const CHECKSUM = 'holdfast-checksum'

export const CLUSTER_PATH = '/holdfast/cluster'
/** Answers with the name of the run that listens. */
export const RUN_PATH = '/holdfast/run'

/**
 * Heartbeats, votes and questions must never wait behind log entries, nor these behind a snapshot,
 * so each has its own stream. Those of the first two are always open.
 */
export type LastingChannel = 'control' | 'log'
export type ChannelName = LastingChannel | 'snapshot'

export const LASTING_CHANNELS: readonly LastingChannel[] = ['control', 'log']
const CHANNEL_NAMES: readonly ChannelName[] = [...LASTING_CHANNELS, 'snapshot']

/** The sender's, as `directory-stamp.ts` has it. What it says is for others to judge. */
export interface DirectoryStamp {
  readonly directoryId: string
  readonly generation: number
  readonly generationId: string
}

/** A stream carries messages one way, from the member that opened it; what comes back are answers. */
export interface StreamIdentity {
  readonly clusterId: string
  readonly from: MemberId
  readonly to: MemberId
  readonly channel: ChannelName
  /** Tells the runs of the sender apart: another one each time that it starts. */
  readonly run: string
  /** Of the sender. */
  readonly start: LogAtStart
  readonly directory: DirectoryStamp
}

export function upgradeHeaders(identity: StreamIdentity): Record<string, string> {
  return withChecksum({
    connection: 'Upgrade',
    upgrade: PEER_PROTOCOL,
    'holdfast-cluster-id': identity.clusterId,
    'holdfast-from': identity.from,
    'holdfast-to': identity.to,
    'holdfast-channel': identity.channel,
    'holdfast-run': identity.run,
    'holdfast-started-in-term': String(identity.start.term),
    'holdfast-started-at-index': String(identity.start.lastIndex),
    'holdfast-directory': identity.directory.directoryId,
    'holdfast-generation': String(identity.directory.generation),
    'holdfast-generation-id': identity.directory.generationId,
  })
}

/** With one over all headers that are ours. */
export function withChecksum(headers: Readonly<Record<string, string>>): Record<string, string> {
  return { ...headers, [CHECKSUM]: checksumOfOurs(headers) }
}

function checksumOfOurs(headers: IncomingHttpHeaders): string {
  const names = Object.keys(headers).filter((name) => name.startsWith(OURS) && name !== CHECKSUM)
  return checksumOf(
    names
      .sort()
      .map((name) => `${name}: ${String(headers[name])}\n`)
      .join(''),
  )
}

/** Who opens which stream, or why it may not. */
export function readUpgrade(
  headers: IncomingHttpHeaders,
  expected: {
    readonly clusterId: string
    readonly memberId: MemberId
    readonly isPeer: (id: MemberId) => boolean
    readonly wasRemoved: (id: MemberId) => boolean
    /** What a member has lost that it had said it holds. */
    readonly broken: (id: MemberId, run: string, start: LogAtStart) => string | undefined
    /** What a member on this directory has lost; undefined: one whose program tells of none. */
    readonly forgotten: (id: MemberId, directory: DirectoryStamp | undefined) => string | undefined
    /** Why this run is not the member that it says it is. */
    readonly namesake: (run: string) => string | undefined
  },
):
  | {
      readonly from: MemberId
      readonly channel: ChannelName
      readonly run: string
      readonly directory: DirectoryStamp | undefined
    }
  | { readonly refusal: string; readonly status?: number } {
  if (headers.upgrade !== PEER_PROTOCOL) return { refusal: `this member speaks ${PEER_PROTOCOL}` }
  if (headers[CHECKSUM] !== checksumOfOurs(headers)) {
    return { refusal: 'the headers were damaged on their way' }
  }
  const from = headers['holdfast-from']
  const channel = CHANNEL_NAMES.find((name) => name === headers['holdfast-channel'])
  if (headers['holdfast-cluster-id'] !== expected.clusterId) {
    const refusal = `this member belongs to cluster ${expected.clusterId}`
    return { refusal, status: WRONG_CLUSTER }
  }
  if (headers['holdfast-to'] !== expected.memberId) {
    return { refusal: `this member is ${expected.memberId}` }
  }
  if (typeof from === 'string' && expected.wasRemoved(from)) {
    return { refusal: 'the sender was removed from this cluster', status: GONE }
  }
  if (typeof from !== 'string' || !expected.isPeer(from)) {
    return { refusal: 'the sender is no member of this cluster' }
  }
  if (channel === undefined) return { refusal: 'unknown channel' }
  const run = headers['holdfast-run']
  const start = startOf(headers)
  if (typeof run !== 'string' || start === undefined) {
    return { refusal: 'the sender does not say what it started with' }
  }
  const namesake = expected.namesake(run)
  if (namesake !== undefined) return { refusal: namesake, status: NOT_THE_ONE }
  const directory = directoryOf(headers)
  const lost = expected.broken(from, run, start) ?? expected.forgotten(from, directory)
  if (lost !== undefined) return { refusal: lost, status: CONFLICT }
  return { from, channel, run, directory }
}

/** Why a stream is refused. */
export function refusalHeaders(status: number, reason: string): Record<string, string> {
  return {
    'holdfast-refusal': reason,
    'holdfast-refusal-checksum': checksumOf(`${status} ${reason}`),
  }
}

/** Undefined if there is none, or it was damaged on its way. */
export function readRefusal(
  status: number | undefined,
  headers: IncomingHttpHeaders,
): string | undefined {
  const reason = headers['holdfast-refusal']
  if (status === undefined || typeof reason !== 'string') return undefined
  return headers['holdfast-refusal-checksum'] === checksumOf(`${status} ${reason}`)
    ? reason
    : undefined
}

function startOf(headers: IncomingHttpHeaders): LogAtStart | undefined {
  const term = Number(headers['holdfast-started-in-term'] ?? NaN)
  const lastIndex = Number(headers['holdfast-started-at-index'] ?? NaN)
  const isKnown = Number.isSafeInteger(term) && Number.isSafeInteger(lastIndex)
  return isKnown ? { term, lastIndex } : undefined
}

function directoryOf(headers: IncomingHttpHeaders): DirectoryStamp | undefined {
  const directoryId = headers['holdfast-directory']
  const generation = Number(headers['holdfast-generation'] ?? NaN)
  const generationId = headers['holdfast-generation-id']
  if (typeof directoryId !== 'string' || typeof generationId !== 'string') return undefined
  return Number.isSafeInteger(generation) ? { directoryId, generation, generationId } : undefined
}
