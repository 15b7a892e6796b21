/** The port on which other members open their streams. It serves members alone, and no client. */

import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { MemberId } from '@holdfast/raft'
import { checksummed } from './checksummed.js'
import { FrameReader } from './frame.js'
import { decodeMessages, type PeerMessage } from './peer-codec.js'
import {
  CLUSTER_PATH,
  PEER_PATH,
  PEER_PROTOCOL,
  readUpgrade,
  refusalHeaders,
  RUN_PATH,
  type DirectoryStamp,
} from './peer-protocol.js'
import type { LogAtStart } from './peer-promises.js'
import { answerProbe, isProbe } from './stream-liveness.js'

const PRECONDITION_FAILED = 412
/** As for clients (http/server.ts), though nobody but members should come here. */
const TIMEOUTS = { headersTimeout: 9_000, connectionsCheckingInterval: 1_000 }
const MAX_CONNECTIONS = 1_024

export interface PeerListenerOptions {
  readonly clusterId: string
  readonly memberId: MemberId
  readonly isPeer: (id: MemberId) => boolean
  readonly wasRemoved: (id: MemberId) => boolean
  /** What a member has lost that it had said it holds. */
  readonly broken: (id: MemberId, run: string, start: LogAtStart) => string | undefined
  /** What a member on this directory has lost, as far as is known now. */
  readonly forgotten: (id: MemberId, directory: DirectoryStamp | undefined) => string | undefined
  /** Why a run is not the member that it says it is: see `namesakes.ts`. */
  readonly namesake: (run: string) => string | undefined
  /** The name of this process's run. */
  readonly run: string
  /** A stream was opened. */
  readonly onStream: (from: MemberId, run: string) => void
  /** What a member that wants to join must know: see `cluster-description.ts`. */
  readonly describeCluster: () => string
  readonly onMessage: (from: MemberId, message: PeerMessage) => void
  /** A peer has opened a stream to send a snapshot. */
  readonly onSnapshotStream: (socket: Socket, from: MemberId, head: Buffer) => void
  /** A stream was refused or broke its rules. */
  readonly onRefused: (reason: string) => void
}

interface OpenStream {
  readonly socket: Socket
  readonly from: MemberId
  readonly directory: DirectoryStamp | undefined
}

export class PeerListener {
  readonly #options: PeerListenerOptions
  readonly #server: Server
  /** One for each peer and channel, by their names. */
  readonly #streams = new Map<string, OpenStream>()

  constructor(options: PeerListenerOptions) {
    this.#options = options
    this.#server = createServer(TIMEOUTS, (request, response) => {
      if (request.method === 'GET' && request.url === CLUSTER_PATH) {
        response.writeHead(200, { 'content-type': 'text/plain' })
        response.end(checksummed(options.describeCluster()))
      } else if (request.method === 'GET' && request.url === RUN_PATH) {
        response.writeHead(200, { 'content-type': 'text/plain' }).end(checksummed(options.run))
      } else response.writeHead(426, { upgrade: PEER_PROTOCOL }).end()
    })
    this.#server.maxConnections = MAX_CONNECTIONS
    this.#server.on('upgrade', (request, socket: Socket, head) =>
      this.#onUpgrade(request, socket, head),
    )
  }

  /** @throws when the address is in use */
  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) => this.#options.onRefused(error.message))
        resolve()
      })
    })
  }

  /** Ends what was opened as this member. */
  drop(id: MemberId): void {
    for (const { from, socket } of this.#streams.values()) if (from === id) socket.destroy()
  }

  /** More is known of directories: who has lost one opens its streams anew, and is refused. */
  dropForgetful(): void {
    for (const { from, directory, socket } of this.#streams.values()) {
      if (this.#options.forgotten(from, directory) !== undefined) socket.destroy()
    }
  }

  close(): Promise<void> {
    for (const { socket } of this.#streams.values()) socket.destroy()
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const opened = readUpgrade(request.headers, this.#options)
    if (request.url !== PEER_PATH || 'refusal' in opened) {
      const reason = 'refusal' in opened ? opened.refusal : 'unknown path'
      const status = ('status' in opened ? opened.status : undefined) ?? PRECONDITION_FAILED
      this.#options.onRefused(`${reason}: asked by ${socket.remoteAddress ?? 'somebody'}`)
      const lines = Object.entries(refusalHeaders(status, reason)).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      )
      socket.end(
        `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}` +
          'content-length: 0\r\nconnection: close\r\n\r\n',
        // Whether or not the other side closes its half: nothing else would ever end it.
        () => socket.destroy(),
      )
      return
    }
    socket.setNoDelay(true)
    socket.setTimeout(0)
    const { from, directory } = opened
    this.#keep(`${from}/${opened.channel}`, { socket, from, directory })
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${PEER_PROTOCOL}\r\n\r\n`,
    )
    this.#options.onStream(from, opened.run)
    if (opened.channel === 'snapshot') this.#options.onSnapshotStream(socket, from, head)
    else this.#read(socket, from, head)
  }

  /** A peer opens a stream anew when it has lost the one before, which may be half open here. */
  #keep(name: string, stream: OpenStream): void {
    const { socket } = stream
    this.#streams.get(name)?.socket.destroy()
    this.#streams.set(name, stream)
    // An HTTP server leaves its own half open.
    socket.once('end', () => socket.destroy())
    socket.once('close', () => {
      if (this.#streams.get(name) === stream) this.#streams.delete(name)
    })
  }

  #read(socket: Socket, from: MemberId, head: Buffer): void {
    const reader = new FrameReader()
    const stream = { from, to: this.#options.memberId }
    const onData = (chunk: Buffer): void => {
      try {
        for (const payload of reader.push(chunk)) {
          if (isProbe(payload)) {
            answerProbe(socket)
            continue
          }
          for (const message of decodeMessages(payload, stream)) {
            this.#options.onMessage(from, message)
          }
        }
      } catch (error) {
        this.#options.onRefused(error instanceof Error ? error.message : String(error))
        socket.destroy()
      }
    }
    if (head.byteLength > 0) onData(head)
    socket.on('data', onData)
  }
}
