/**
 * The same paths over a WebSocket: each message that comes is a message of the request's body, each line
 * of the answer a message (etcd: grpc-websocket-proxy). It is how a browser, or whoever cannot send and
 * read at the same time over plain HTTP, gives a stream more than one request (etcd #8237).
 */

import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { findRoute, routes } from '@holdfast/protocol'
import type { Hono } from 'hono'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import type { Exchanges } from './exchanges.js'
import { MAX_BODY_BYTES } from './request-body.js'
import { MAX_BUFFERED_BYTES } from './stream-lines.js'
import { ignoreUpgrade } from './unknown-upgrade.js'
import type { UntakenAnswers } from './untaken-answers.js'
import { socketHeaders, wantsBearer } from './websocket-headers.js'

const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

export interface WebSocketsOptions {
  readonly app: Hono
  /** Of the URLs that the app is called with. */
  readonly base: string
  readonly exchanges: Exchanges
  readonly untaken: UntakenAnswers
  /** Lets go of a client that takes nothing of what it is sent. */
  readonly letGoOfStalled: (socket: Socket) => void
}

export function acceptWebSockets(
  server: Server,
  { app, base, exchanges, untaken, letGoOfStalled }: WebSocketsOptions,
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_BODY_BYTES,
    handleProtocols: (offered) => wantsBearer(offered) && 'Bearer',
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      ignoreUpgrade(server, exchanges, { request, socket, head })
      return
    }
    // Nobody else listens to it any more, and an error that nobody hears ends the process.
    socket.on('error', () => undefined)
    const path = request.url ?? '/'
    const url = URL.canParse(path, base) ? new URL(path, base) : undefined
    const name = url && findRoute(url.pathname)
    if (url === undefined || name === undefined) {
      // It is no connection of the server any more, which would wait for the client to end it.
      socket.end(NOT_FOUND, () => socket.destroy())
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      // After ws has taken its own time-out off it.
      if (socket instanceof Socket) letGoOfStalled(socket)
      const { stream } = routes[name]
      const isOne = stream === 'none' || stream === 'fromOne'
      serve(webSocket, { app, url, given: request.headers, isOne, untaken }).catch(() =>
        webSocket.terminate(),
      )
    })
  })
}

interface Served {
  readonly app: Hono
  readonly url: URL
  /** What it was opened with. */
  readonly given: IncomingHttpHeaders
  /** The request is one message. */
  readonly isOne: boolean
  readonly untaken: UntakenAnswers
}

async function serve(
  socket: WebSocket,
  { app, url, given, isOne, untaken }: Served,
): Promise<void> {
  const left = new AbortController()
  // What ws has against a frame it says to the client itself, and closes.
  socket.on('error', () => undefined)
  socket.on('close', () => left.abort())
  const body = bodyOf(socket, isOne)
  const headers = socketHeaders(given)
  const options = { method: 'POST', headers, body, signal: left.signal, duplex: 'half' } as const
  const request = new Request(url, options)
  const response = await app.fetch(request)
  await sendLines(response.body, left.signal, (line) => sendText(socket, line, untaken))
  socket.close()
}

/** Asks the client to wait while what it has sent is not read. */
function bodyOf(socket: WebSocket, isOne: boolean): ReadableStream<Uint8Array> {
  let isOver = false
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const end = (): void => {
          if (isOver) return
          isOver = true
          controller.close()
        }
        const onClose = (): void => {
          // Who left without a word has asked for nothing, not for what an empty request means.
          if (isOne && !isOver) controller.error(new Error('the client has left'))
          else end()
        }
        socket.on('message', (data: RawData) => {
          if (isOver) return
          controller.enqueue(Buffer.concat([toBuffer(data), Buffer.from('\n')]))
          if (isOne) end()
          else if ((controller.desiredSize ?? 0) <= 0) socket.pause()
        })
        socket.on('close', onClose)
      },
      pull: () => socket.resume(),
      cancel: () => {
        isOver = true
      },
    },
    { highWaterMark: MAX_BUFFERED_BYTES, size: (chunk) => chunk.byteLength },
  )
}

/** Every chunk of an answer is one message: see `LineStream`. */
async function sendLines(
  body: ReadableStream<Uint8Array> | null,
  left: AbortSignal,
  send: (line: Uint8Array) => Promise<void>,
): Promise<void> {
  if (body === null) return
  const reader = body.getReader()
  const onLeft = (): void => void reader.cancel().catch(() => undefined)
  left.addEventListener('abort', onLeft)
  if (left.aborted) onLeft()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      await send(value)
    }
  } catch {
    // The socket closed under it, of which `left` has told the source already.
  } finally {
    left.removeEventListener('abort', onLeft)
  }
}

/** Resolves when the socket has taken it: a slow reader's messages wait in the stream before it. */
async function sendText(
  socket: WebSocket,
  line: Uint8Array,
  untaken: UntakenAnswers,
): Promise<void> {
  const text = line.at(-1) === 0x0a ? line.subarray(0, -1) : line
  const taken = untaken.add(text.byteLength, () => socket.terminate())
  try {
    await new Promise<void>((resolve, reject) =>
      socket.send(text, { binary: false }, (error) => (error ? reject(error) : resolve())),
    )
  } finally {
    taken()
  }
}

function toBuffer(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data)
  return Buffer.isBuffer(data) ? data : Buffer.from(data)
}
