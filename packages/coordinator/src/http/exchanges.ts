/** Which requests of a connection are being answered: one after another, however they came. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export class Exchanges {
  readonly #of = new WeakMap<Duplex, Set<Exchange>>()

  constructor(server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { socket } = request
      const exchange = { request, response }
      const exchanges = this.#of.get(socket) ?? new Set()
      this.#of.set(socket, exchanges.add(exchange))
      response.once('close', () => exchanges.delete(exchange))
    })
  }

  /** The oldest first. */
  of(socket: Duplex): readonly Exchange[] {
    return [...(this.#of.get(socket) ?? [])]
  }
}
