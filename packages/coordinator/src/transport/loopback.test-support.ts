/** Members on loopback: real transports, and strangers that speak the protocol only as far as told. */

import { createServer as createHttpServer, request, type Server } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Heartbeat, MemberId, Message } from '@holdfast/raft'
import { expect } from 'vitest'
import { whatIsForgotten, type DirectoryStamp } from '../state-machine/directory-stamp.js'
import { FrameReader, frameHeader } from './frame.js'
import { decodeMessages, encodeMessages, type PeerMessage } from './peer-codec.js'
import type { LogAtStart } from './peer-promises.js'
import {
  PEER_PATH,
  PEER_PROTOCOL,
  upgradeHeaders,
  withChecksum,
  type StreamIdentity,
} from './peer-protocol.js'
import { answerProbe, isProbe } from './stream-liveness.js'
import { StreamTransport, type StreamHandler } from './stream-transport.js'

export const HOST = '127.0.0.1'
export const CLUSTER_ID = '77'

/** What must become true, on a busy machine too; a test that fails waits for nothing else. */
export function eventually<T>(probe: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(probe, { timeout: 15_000, interval: 10 })
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

export interface MemberOptions {
  readonly id: MemberId
  readonly port: number
  readonly peers: Readonly<Record<MemberId, number>>
  readonly clusterId?: string
  readonly start?: LogAtStart
  readonly directory?: DirectoryStamp
}

export const NEW_START: LogAtStart = { term: 0, lastIndex: 0 }
export const NEW_DIRECTORY: DirectoryStamp = {
  directoryId: 'new',
  generation: 1,
  generationId: 'first',
}

/** A member that writes down what reaches it. */
export class LoopbackMember {
  readonly id: MemberId
  readonly transport: StreamTransport
  readonly messages: Message[] = []
  readonly unreachable: MemberId[] = []
  readonly refusals: string[] = []
  readonly otherClusters = new Set<string>()
  readonly removed: MemberId[] = []
  /** What members have told of their directories. */
  readonly directories = new Map<MemberId, DirectoryStamp>()
  answer: (body: unknown) => Promise<unknown> = (body) => Promise.resolve({ echo: body })
  beginSnapshot: StreamHandler['beginSnapshot'] = () => 'not wanted'
  readonly #port: number

  constructor(options: MemberOptions) {
    const { id, port, peers, clusterId = CLUSTER_ID } = options
    const { start = NEW_START, directory = NEW_DIRECTORY } = options
    this.id = id
    this.#port = port
    const urls = Object.entries(peers).map(
      ([peer, peerPort]) => [peer, { url: `http://${HOST}:${peerPort}` }] as const,
    )
    this.transport = new StreamTransport({
      clusterId,
      memberId: id,
      peers: new Map(urls),
      start,
      directory,
      forgotten: (peer, shown) => whatIsForgotten(this.directories.get(peer), shown),
      wasRemoved: (peer) => this.removed.includes(peer),
      describeCluster: () => '{}',
      handler: {
        onMessage: (message) => this.messages.push(message),
        onRequest: (body) => this.answer(body),
        onUnreachable: (peer) => this.unreachable.push(peer),
        onRemoved: () => this.refusals.push('removed'),
        onForgetful: (lost) => this.refusals.push(`forgetful: ${lost}`),
        onNamesake: (other) => this.refusals.push(`namesake: ${other}`),
        onOtherCluster: (url) => this.otherClusters.add(url),
        beginSnapshot: (message, file) => this.beginSnapshot(message, file),
        onSnapshot: (message) => this.messages.push(message),
      },
      onRefused: (reason) => this.refusals.push(reason),
    })
  }

  listen(): Promise<void> {
    return this.transport.listen(HOST, this.#port)
  }

  say(...messages: readonly Message[]): void {
    for (const message of messages) this.transport.send(message)
    this.transport.flush()
  }

  heartbeat(to: MemberId, readPosition: number): Heartbeat {
    return { type: 'heartbeat', from: this.id, to, term: 1, commitIndex: 0, readPosition }
  }

  appendEntries(to: MemberId, prevLogIndex: number, bytes = 0): Message {
    const data = Buffer.alloc(bytes)
    return {
      type: 'appendEntries',
      from: this.id,
      to,
      term: 1,
      prevLogIndex,
      prevLogTerm: 1,
      entries: [{ index: prevLogIndex + 1, term: 1, kind: 'command', data }],
      commitIndex: 0,
    }
  }
}

/** Opens a stream by hand; rejects with the reason when it is refused. */
export function openStream(
  port: number,
  identity: Omit<StreamIdentity, 'clusterId' | 'run' | 'start' | 'directory'>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const attempt = request({
      host: HOST,
      port,
      path: PEER_PATH,
      headers: withChecksum({
        ...upgradeHeaders({
          ...{ clusterId: CLUSTER_ID, run: 'one', start: NEW_START, directory: NEW_DIRECTORY },
          ...identity,
        }),
        ...headers,
      }),
      agent: false,
    })
    attempt.once('upgrade', (_response, socket: Socket) => {
      socket.on('error', () => socket.destroy())
      socket.resume()
      resolve(socket)
    })
    attempt.once('response', (response) => {
      attempt.destroy()
      reject(new Error(String(response.headers['holdfast-refusal'] ?? response.statusCode)))
    })
    attempt.once('error', reject)
    attempt.end()
  })
}

export function frameOf(...messages: readonly PeerMessage[]): Buffer {
  const payload = encodeMessages(messages)
  return Buffer.concat([frameHeader(payload), payload])
}

/** Accepts every stream; reads only those of the channels that it is told to read. */
export class ScriptedPeer {
  readonly received: PeerMessage[] = []
  readonly sockets: { readonly channel: unknown; readonly socket: Socket }[] = []
  readonly #server: Server = createHttpServer()

  constructor(id: MemberId, channels: readonly string[] = ['control', 'log']) {
    this.#server.on('upgrade', ({ headers }, socket: Socket) => {
      const channel = headers['holdfast-channel']
      this.sockets.push({ channel, socket })
      socket.on('error', () => socket.destroy())
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${PEER_PROTOCOL}\r\n\r\n`,
      )
      if (!channels.includes(String(channel))) {
        socket.pause()
        return
      }
      const reader = new FrameReader()
      const from = String(headers['holdfast-from'])
      socket.on('data', (chunk: Buffer) => {
        for (const payload of reader.push(chunk)) {
          if (isProbe(payload)) answerProbe(socket)
          else this.received.push(...decodeMessages(payload, { from, to: id }))
        }
      })
    })
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, HOST, resolve))
  }

  async close(): Promise<void> {
    for (const { socket } of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** A wire between a member and a port that can damage what it carries, or swallow it. */
export class DamagingWire {
  /** The next chunk that is carried loses a bit. */
  damagesNext = false
  /** What is carried while it is set is lost, though no connection ends. */
  swallows = false
  connections = 0
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((near) => this.#carry(near))
  readonly #target: number

  constructor(target: number) {
    this.#target = target
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, HOST, resolve))
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Ends all connections, as a network that fails does. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #carry(near: Socket): void {
    this.connections += 1
    const far = connect(this.#target, HOST)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => other.destroy())
    }
    far.on('data', (chunk) => this.swallows || near.write(chunk))
    near.on('data', (chunk) => this.swallows || far.write(this.#damage(chunk)))
  }

  #damage(chunk: Buffer): Buffer {
    if (!this.damagesNext) return chunk
    this.damagesNext = false
    const damaged = Buffer.from(chunk)
    damaged[damaged.byteLength - 1]! ^= 1
    return damaged
  }
}
