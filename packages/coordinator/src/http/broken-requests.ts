/**
 * What is answered to bytes that are no request. Node says 400 in the place of whatever answer is not begun
 * yet, and so may tell a client that its write was refused while it is being made: then the connection
 * just ends, which says that nobody knows.
 */

import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** As Node itself answers. */
const STATUSES: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}
const BAD_REQUEST = 400

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export function answerBrokenRequests(server: Server): void {
  const underWay = new WeakMap<Duplex, Set<Exchange>>()
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    const exchange = { request, response }
    const exchanges = underWay.get(socket) ?? new Set()
    underWay.set(socket, exchanges.add(exchange))
    response.once('close', () => exchanges.delete(exchange))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const isUnclear = [...(underWay.get(socket) ?? [])].some(
      ({ request, response }) => request.complete || response.headersSent,
    )
    if (isUnclear || !socket.writable) {
      socket.destroy()
      return
    }
    const status = STATUSES[error.code ?? ''] ?? BAD_REQUEST
    const reason = STATUS_CODES[status] ?? ''
    socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\n\r\n`, () => socket.destroy())
  })
}
