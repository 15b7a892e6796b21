/**
 * An upgrade to something that is not known is ignored, and the request answered as if it had asked for
 * none (RFC 9110 §7.8): some clients offer h2c with the first request of every connection. Node gives all
 * of them to whoever takes WebSockets, so this one is put back in front of the connection, without the
 * offer, and read again.
 */

import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

const OF_OFFER = new Set(['upgrade', 'connection', 'http2-settings'])

interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** What came behind the headers. */
  readonly head: Buffer
}

export function ignoreUpgrade(server: Server, { request, socket, head }: Upgrade): void {
  const { method = 'GET', url = '/', httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2)
    if (!OF_OFFER.has(name.toLowerCase())) lines.push(`${name}: ${value}`)
  }
  // Node reads headers as Latin-1.
  const offered = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  socket.unshift(Buffer.concat([offered, head]))
  server.emit('connection', socket)
}
