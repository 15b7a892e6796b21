/**
 * The requests of each connection, and whose turn it is: one after another, however they came. Node hands
 * out all that were sent without waiting at once; their answers would all be made before anybody has taken
 * the first, and of large ones a single packet could ask for more than the memory holds (catalogue 87).
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

interface Waiting extends Exchange {
  readonly serve: () => void
}

export class Exchanges {
  readonly #of = new WeakMap<Duplex, Waiting[]>()

  /** Serves it when those before it have been answered, and their answers been taken. */
  inTurn({ request, response }: Exchange, serve: () => void): void {
    const { socket } = request
    const queue = this.#of.get(socket) ?? []
    if (queue.length === 0) this.#of.set(socket, queue)
    queue.push({ request, response, serve })
    response.once('close', () => {
      const wasFirst = queue[0]?.response === response
      const at = queue.findIndex((one) => one.response === response)
      if (at !== -1) queue.splice(at, 1)
      if (wasFirst && !socket.destroyed) queue[0]?.serve()
    })
    if (queue.length === 1) serve()
  }

  /** The oldest, whose turn it is, first. */
  of(socket: Duplex): readonly Exchange[] {
    return this.#of.get(socket) ?? []
  }
}
