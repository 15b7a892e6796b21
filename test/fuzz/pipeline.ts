/** Many requests on a few connections that stay open, each with several requests on their way. */

import { connect, type Socket } from 'node:net'
import { answerOf, type Answer } from './answer.js'
import type { Address } from './address.js'
import type { Input } from './input.js'
import { ResponseReader, type WireResponse } from './response-reader.js'

/** On their way at once on one connection. */
const DEPTH = 16
const PATIENCE_MS = 15_000

interface Waiting {
  readonly input: Input
  readonly onResponse: (response: WireResponse) => void
}

/** Sends all of them, however many connections that takes. */
export class Pipeline {
  readonly #connections: PipelinedConnection[]

  constructor(address: Address, connections = 6) {
    this.#connections = Array.from({ length: connections }, () => new PipelinedConnection(address))
  }

  /** In the order of the inputs; undefined where the connection ended before the answer came. */
  async send(inputs: readonly Input[]): Promise<readonly (Answer | undefined)[]> {
    const answers: (Answer | undefined)[] = inputs.map(() => undefined)
    let next = 0
    const take = (): readonly [Input, (answer: Answer) => void] | undefined => {
      const index = next
      const input = inputs[index]
      if (input === undefined) return undefined
      next += 1
      return [input, (answer) => (answers[index] = answer)]
    }
    await Promise.all(this.#connections.map((connection) => connection.drain(take)))
    return answers
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }
}

type Take = () => readonly [Input, (answer: Answer) => void] | undefined

class PipelinedConnection {
  readonly #address: Address
  #socket: Socket | undefined
  #reader = new ResponseReader()
  #waiting: Waiting[] = []
  #take: Take = () => undefined
  #onDrained: () => void = () => undefined
  #patience: NodeJS.Timeout | undefined

  constructor(address: Address) {
    this.#address = address
  }

  /** Resolves when there is nothing left to take, and nothing to wait for. */
  drain(take: Take): Promise<void> {
    return new Promise((resolve) => {
      this.#take = take
      this.#onDrained = resolve
      this.#fill()
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #fill(): void {
    let socket: Socket | undefined
    while (this.#waiting.length < DEPTH) {
      const taken = this.#take()
      if (taken === undefined) break
      const [input, settle] = taken
      if (socket === undefined) {
        socket = this.#open()
        socket.cork()
      }
      for (const piece of input.pieces) socket.write(piece)
      this.#waiting.push({ input, onResponse: (response) => settle(answerOf(input, response)) })
    }
    socket?.uncork()
    this.#awaitMore()
  }

  #awaitMore(): void {
    clearTimeout(this.#patience)
    if (this.#waiting.length === 0) {
      this.#onDrained()
      return
    }
    this.#patience = setTimeout(() => this.#socket?.destroy(), PATIENCE_MS)
  }

  #open(): Socket {
    if (this.#socket !== undefined) return this.#socket
    const socket = connect({ ...this.#address, noDelay: true })
    this.#socket = socket
    this.#reader = new ResponseReader()
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (this.#socket !== socket) return
      this.#socket = undefined
      // They are sent again, each alone, so that it is seen which of them ends a connection.
      this.#waiting = []
      this.#fill()
    })
    return socket
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.push(chunk)
      for (let next = this.#reader.next(); next !== undefined; next = this.#reader.next()) {
        this.#waiting.shift()?.onResponse(next)
      }
    } catch {
      this.#socket?.destroy()
      return
    }
    // Not for each answer: what is written together is read together.
    if (this.#waiting.length <= DEPTH / 2) this.#fill()
  }
}
