/**
 * What is answered to bytes that are no request. Node says 400 in the place of whatever answer is not begun
 * yet, and so may tell a client that its write was refused while it is being made: then the connection
 * just ends, which says that nobody knows.
 */

import { STATUS_CODES, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Exchanges } from './exchanges.js'

/** As Node itself answers. */
const STATUSES: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}
const BAD_REQUEST = 400

export function answerBrokenRequests(server: Server, exchanges: Exchanges): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const isUnclear = exchanges
      .of(socket)
      .some(({ request, response }) => request.complete || response.headersSent)
    if (isUnclear || !socket.writable) {
      socket.destroy()
      return
    }
    const status = STATUSES[error.code ?? ''] ?? BAD_REQUEST
    const reason = STATUS_CODES[status] ?? ''
    socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\n\r\n`, () => socket.destroy())
  })
}
