/** Listens for clients, with the time-outs that keep idle and slow ones from holding on for ever. */

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import { answerBrokenRequests } from './broken-requests.js'
import { MAX_BUFFERED_BYTES } from './stream-lines.js'
import { acceptWebSockets } from './websocket.js'

/** Longer than the clients' own idle time-out, or a request could meet a closing socket. */
const KEEP_ALIVE_MS = 75_000
/** Node's own is 60 s, and it looks only every 30 s (catalogue 89). */
const HEADERS_TIMEOUT_MS = 9_000
const CHECK_CONNECTIONS_MS = 1_000
const TCP_KEEP_ALIVE_MS = 30_000

export interface ConnectionLimits {
  /** More are closed at once: each costs a descriptor, which the databases need too. */
  readonly maxConnections: number
  /** From the first byte of a request, or the connection, to the last of its headers. */
  readonly headersTimeoutMs: number
  /** How long an answer is kept of which the client takes nothing. */
  readonly stalledAnswerMs: number
}

const LIMITS: ConnectionLimits = {
  maxConnections: 10_000,
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  stalledAnswerMs: 30_000,
}

export interface ClientServer {
  /** Where it listens, with the port that was taken if 0 was asked for. */
  readonly url: string
  /** Stops accepting and cuts what is open. */
  close(): Promise<void>
}

/** @throws when the address is in use */
export async function listenForClients(
  app: Hono,
  url: string,
  limits: Partial<ConnectionLimits> = {},
): Promise<ClientServer> {
  const { maxConnections, headersTimeoutMs, stalledAnswerMs } = { ...LIMITS, ...limits }
  const { hostname, port } = new URL(url)
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: Math.min(CHECK_CONNECTIONS_MS, headersTimeoutMs),
      // The body of a watch has no end, so the whole request may take for ever.
      requestTimeout: 0,
      noDelay: true,
      // A client whose machine is gone says nothing: its watches would stay for ever (etcd: 30 s).
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    },
    (request, response) => {
      letGoOfStalled(response, stalledAnswerMs)
      void listener(request, response)
    },
  )
  server.maxConnections = maxConnections
  answerBrokenRequests(server)
  // A request of HTTP/1.0 need not name a host, and simple health checkers do not.
  const listener = getRequestListener(app.fetch, { hostname })
  const webSockets = acceptWebSockets(server, app, `http://${hostname}`)
  await listen(server, hostname.replace(/^\[|\]$/g, ''), Number(port || '80'))
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://${hostname}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        webSockets.close()
        server.closeAllConnections()
      }),
  }
}

/**
 * A whole answer waits in memory for its client to take it. Streams keep little there, and wait for
 * their readers (stream-lines.ts); nothing happens on them for long without anything being wrong.
 */
function letGoOfStalled(response: ServerResponse, stalledMs: number): void {
  response.setTimeout(stalledMs, () => {
    const { socket } = response
    if (socket !== null && socket.writableLength > MAX_BUFFERED_BYTES) socket.destroy()
  })
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
