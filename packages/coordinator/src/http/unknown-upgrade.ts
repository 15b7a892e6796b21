/**
 * An upgrade to something that is not known is ignored, and the request answered as if it had asked for
 * none (RFC 9110 §7.8): some clients offer h2c with the first request of every connection. Node gives all
 * of them to whoever takes WebSockets, so this one is put back in front of the connection, without the
 * offer, and read again.
 */

import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Exchanges } from './exchanges.js'

const OF_OFFER = new Set(['upgrade', 'http2-settings'])

export interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** What came behind the headers. */
  readonly head: Buffer
}

/** Waits for the answers to what came before it, which Node would not give any more. */
export function ignoreUpgrade(server: Server, exchanges: Exchanges, upgrade: Upgrade): void {
  const { socket } = upgrade
  const before = exchanges.of(socket).at(-1)
  if (before === undefined) {
    readAgain(server, upgrade)
    return
  }
  // Nobody else listens to it meanwhile, and an error that nobody hears ends the process.
  const onError = (): void => undefined
  socket.on('error', onError)
  before.response.once('close', () => {
    socket.off('error', onError)
    if (!socket.destroyed) ignoreUpgrade(server, exchanges, upgrade)
  })
}

function readAgain(server: Server, { request, socket, head }: Upgrade): void {
  const { method = 'GET', url = '/', httpVersion, rawHeaders } = request
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2)
    const kept = withoutOffer(name.toLowerCase(), value)
    if (kept !== undefined) lines.push(`${name}: ${kept}`)
  }
  // Node reads headers as Latin-1.
  const offered = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  socket.unshift(Buffer.concat([offered, head]))
  server.emit('connection', socket)
}

/** The header without what belongs to the offer; undefined if nothing is left of it. */
function withoutOffer(name: string, value: string): string | undefined {
  if (OF_OFFER.has(name)) return undefined
  if (name !== 'connection') return value
  const options = value.split(',').filter((one) => !OF_OFFER.has(one.trim().toLowerCase()))
  return options.length === 0 ? undefined : options.join(',')
}
