/** The transport, as the node sees it, and who it may talk to as the membership changes. */

import type { MemberId } from '@holdfast/raft'
import {
  askForClusters,
  describeCluster,
  describeOther,
  isEstablishedOther,
} from './cluster-description.js'
import { directoriesInLog } from './directories-in-log.js'
import type { Logger } from './logger.js'
import type { MemberHandler, MemberTransport } from './member.js'
import { peerBookOf, reachable, type PeerBook } from './node/peer-book.js'
import type { PeerAnswer, PeerRequest } from './node/peer-transport.js'
import { refusalLog } from './refusal-log.js'
import type { MemberIdentity } from './resolve-identity.js'
import { newerStamp, whatIsForgotten } from './state-machine/directory-stamp.js'
import type { Storage } from './storage/open-storage.js'
import { StreamTransport } from './transport/stream-transport.js'

export interface TransportParts {
  readonly identity: MemberIdentity
  readonly peerUrl: string
  readonly handler: MemberHandler
  readonly storage: Storage
  readonly log: Logger
  readonly onRemoved: () => void
  /** Others know of something that this member has lost. */
  readonly onForgetful: (lost: string) => void
  /** Another process is this member, or others are an established cluster, and not this one's. */
  readonly onMisplaced: (how: string) => void
}

export interface Transport extends MemberTransport {
  /** Listens for other members, if there are any. @throws when the address is in use */
  start(): Promise<void>
}

export function createTransport(parts: TransportParts): Transport {
  const { identity, handler, storage, log } = parts
  const { clusterId, memberId } = identity
  const { stamp } = storage
  const inLog = directoriesInLog(storage)
  let book = storedBook(parts)
  const streams = new StreamTransport({
    clusterId,
    memberId,
    peers: othersIn(book, memberId),
    wasRemoved: (id) => book.removed.includes(id),
    start: { term: storage.log.initialState().hardState.term, lastIndex: storage.log.lastIndex() },
    directory: stamp,
    forgotten: (id, directory) =>
      whatIsForgotten(newerStamp(handler.directoryOf(id), inLog.get(id)), directory),
    describeCluster: () =>
      describeCluster({ ...handler.describe(), tokenHash: identity.tokenHash }),
    handler: {
      ...handler,
      onRequest: (body) => handler.onRequest(body as PeerRequest),
      onRemoved: parts.onRemoved,
      onForgetful: parts.onForgetful,
      onNamesake: parts.onMisplaced,
      onOtherCluster: (url) => void suspectOtherCluster(parts, url),
      beginSnapshot: (message, file) =>
        handler.wantsSnapshot(message)
          ? storage.receiveSnapshot({ ...message.snapshot, ...file })
          : 'it is of no use here now',
    },
    onRefused: refusalLog(log),
  })
  let listening: Promise<void> | undefined
  const listen = (): Promise<void> => {
    listening ??= streams.listen(...hostAndPort(parts.peerUrl)).catch((error: unknown) => {
      listening = undefined
      throw error
    })
    return listening
  }
  return {
    send: (message) => streams.send(message),
    flush: () => streams.flush(),
    request: async (to, request, timeoutMs) =>
      (await streams.request(to, request, timeoutMs)) as PeerAnswer,
    sendSnapshot: (message, { path, ...file }) => streams.sendSnapshot(message, path, file),
    setPeers: (next) => {
      book = next
      streams.setPeers(othersIn(next, memberId))
      // A member alone listened to nobody until now. Without the port it can still serve its clients.
      if (next.urls.size > 1) listen().catch((err: unknown) => log.error({ err }, 'no peer port'))
    },
    start: async () => {
      if (book.urls.size > 1) await listen()
    },
    onPublished: () => {
      streams.dropForgetful()
      const lost = whatIsForgotten(handler.directoryOf(memberId), stamp)
      if (lost !== undefined) parts.onForgetful(lost)
    },
    close: () => streams.close(),
  }
}

/** When it was started nobody may have been there to be asked. Never rejects. */
async function suspectOtherCluster(parts: TransportParts, url: string): Promise<void> {
  const { clusterId } = parts.identity
  const [other] = await askForClusters([url])
  if (other === undefined || !isEstablishedOther(other, clusterId)) return
  parts.onMisplaced(describeOther(other, clusterId))
}

/** As the log says at the start; in a directory that was written without, as the options say. */
function storedBook({ identity, storage }: TransportParts): PeerBook {
  const { memberships } = storage.log.initialState()
  const bookOf = (at = { membership: identity.membership }): PeerBook => peerBookOf(at.membership)
  const committed = memberships.findLast(({ index }) => index <= storage.state.appliedIndex)
  const book = reachable(bookOf(memberships.at(-1)), bookOf(committed))
  return book.urls.size > 0 ? book : peerBookOf(identity.membership)
}

function othersIn({ urls }: PeerBook, memberId: MemberId): Map<MemberId, { url: string }> {
  const others = [...urls].filter(([id]) => id !== memberId)
  return new Map(others.map(([id, [url = '']]) => [id, { url }]))
}

function hostAndPort(url: string): [host: string, port: number] {
  const { hostname, port } = new URL(url)
  return [hostname.replace(/^\[|\]$/g, ''), Number(port || '80')]
}
