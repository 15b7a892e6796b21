/** Listens for clients, with the time-outs that keep idle and slow ones from holding on for ever. */

import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Clock } from '../time/clock.js'
import { answerBrokenRequests } from './broken-requests.js'
import {
  CONNECTION_LIMITS,
  countUntaken,
  letGoOfAnswered,
  letGoOfStalled,
  type ConnectionLimits,
} from './connection-limits.js'
import { CORS_HEADERS } from './cors-headers.js'
import { Exchanges } from './exchanges.js'
import { UntakenAnswers } from './untaken-answers.js'
import { acceptWebSockets } from './websocket.js'

/** Longer than the clients' own idle time-out, or a request could meet a closing socket. */
const KEEP_ALIVE_MS = 75_000
/** Node looks only every 30 s for those that are late. */
const CHECK_CONNECTIONS_MS = 1_000
const TCP_KEEP_ALIVE_MS = 30_000
const corsHeaders = Object.entries(CORS_HEADERS)

export interface ListenOptions {
  /** With port 0, one that is free. */
  readonly url: string
  readonly clock: Clock
  readonly limits?: Partial<ConnectionLimits>
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
  { url, clock, limits }: ListenOptions,
): Promise<ClientServer> {
  const { maxConnections, headersTimeoutMs, stalledAnswerMs, answeredRequestMs, maxUntakenBytes } =
    { ...CONNECTION_LIMITS, ...limits }
  const exchanges = new Exchanges()
  const untaken = new UntakenAnswers(maxUntakenBytes)
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
      for (const [name, value] of corsHeaders) response.setHeader(name, value)
      letGoOfStalled(response, stalledAnswerMs)
      letGoOfAnswered({ request, response }, clock, answeredRequestMs)
      countUntaken(response, untaken)
      exchanges.inTurn({ request, response }, () => void listener(request, response))
    },
  )
  server.maxConnections = maxConnections
  answerBrokenRequests(server, exchanges)
  // A request of HTTP/1.0 need not name a host, and simple health checkers do not.
  const listener = getRequestListener(app.fetch, { hostname })
  acceptWebSockets(server, {
    app,
    base: `http://${hostname}`,
    exchanges,
    untaken,
    letGoOfStalled: (socket) => letGoOfStalled(socket, stalledAnswerMs),
  })
  const sockets = socketsOf(server)
  await listen(server, hostname.replace(/^\[|\]$/g, ''), Number(port || '80'))
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://${hostname}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** Also those that are no longer the server's: WebSockets, and upgrades that wait or are refused. */
function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    // It comes again when an upgrade is ignored.
    if (sockets.has(socket)) return
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
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
