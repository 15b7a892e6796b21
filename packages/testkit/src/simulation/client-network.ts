/**
 * How clients reach members: the SDK's transport, over simulated links, into the real HTTP edge. A
 * connection that breaks leaves the client without an answer, whatever the member has done.
 */

import type { ReadableStreamReadResult } from 'node:stream/web'
import { connectionFailed } from '@holdfast/client/parts'
import type {
  Transport,
  TransportRequest,
  TransportResponse,
  TransportStream,
} from '@holdfast/client'
import type { Host } from './host.js'
import type { Links } from './links.js'
import type { SimulatedMember } from './simulated-member.js'

/** A member that does not run refuses connections; one behind a cut link says nothing. */
const CONNECT_TIMEOUT_MS = 3_000

export interface ClientNetworkOptions {
  readonly links: Links
  /** By the host part of an endpoint. */
  readonly memberAt: (name: string) => SimulatedMember | undefined
  /** Sees what a client sends, each attempt of it. */
  readonly onSend?: (request: TransportRequest) => void
  /** Sees what a client was answered, and when it had asked for it. */
  readonly onAnswer?: (path: string, body: string, sentMs: number) => void
}

/** The transport of one client process. */
export class SimulatedClientTransport implements Transport {
  readonly #host: Host
  readonly #options: ClientNetworkOptions

  constructor(host: Host, options: ClientNetworkOptions) {
    this.#host = host
    this.#options = options
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const sentMs = this.#host.world.nowMs
    this.#options.onSend?.(request)
    const exchange = new Exchange(this.#host, this.#options, request)
    const { response } = await exchange.open()
    const body = await exchange.text(response)
    if (response.status === 200) this.#options.onAnswer?.(request.path, body, sentMs)
    return { status: response.status, body }
  }

  async stream(request: TransportRequest): Promise<TransportStream> {
    const exchange = new Exchange(this.#host, this.#options, request)
    const { response } = await exchange.open()
    return { status: response.status, chunks: exchange.chunks(response) }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

type Settle<T> = { readonly resolve: (value: T) => void; readonly reject: (error: unknown) => void }

/** One request and its answer, on a connection of its own. */
class Exchange {
  readonly #client: Host
  readonly #links: Links
  readonly #request: TransportRequest
  readonly #name: string
  readonly #member: SimulatedMember | undefined
  #server: Host | undefined
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  #onBreak: ((error: unknown) => void) | undefined
  #isOver = false
  /** The kernel resets the connections of a process that ended. */
  readonly #onServerEnd = (): void => {
    this.#toClient(() => this.#break(new Error('connection reset'), true))
  }

  constructor(client: Host, { links, memberAt }: ClientNetworkOptions, request: TransportRequest) {
    this.#client = client
    this.#links = links
    this.#request = request
    this.#name = new URL(request.endpoint).hostname
    this.#member = memberAt(this.#name)
    request.signal.addEventListener('abort', () => this.#break(request.signal.reason, true), {
      once: true,
    })
  }

  /** The head of the answer. */
  open(): Promise<{ readonly response: Response }> {
    return new Promise((resolve, reject) => {
      this.#onBreak = reject
      if (this.#request.signal.aborted) {
        this.#break(this.#request.signal.reason, false)
        return
      }
      const giveUp = this.#client.clock.after(CONNECT_TIMEOUT_MS, () => {
        this.#break(new Error('connect: timed out'), false)
      })
      this.#toServer(() => {
        const server = this.#member?.host
        if (server === undefined) {
          this.#toClient(() => this.#break(new Error('connect: refused'), false))
          return
        }
        this.#server = server
        server.onEnd(this.#onServerEnd)
        server.receive(0, () => this.#serve(server, { resolve, reject }))
      }, giveUp)
    })
  }

  async text(response: Response): Promise<string> {
    const parts: Uint8Array[] = []
    for await (const chunk of this.chunks(response)) parts.push(chunk)
    return Buffer.concat(parts).toString()
  }

  /** Each chunk crosses the network when it is written. */
  async *chunks(response: Response): AsyncGenerator<Uint8Array> {
    if (response.body === null) return
    const reader = response.body.getReader()
    this.#reader = reader
    try {
      for (;;) {
        const { done, value } = await this.#next(reader)
        if (done) return
        yield value
      }
    } finally {
      this.#end()
      this.#leave(reader)
    }
  }

  #serve(server: Host, { resolve }: Settle<{ readonly response: Response }>): void {
    const { method, path, headers, body, endpoint } = this.#request
    const request = new Request(endpoint + path, {
      ...{ method, headers: { ...headers } },
      ...(body === undefined ? {} : { body }),
    })
    const app = this.#member?.member?.app
    if (app === undefined) return
    void Promise.resolve(app.fetch(request)).then((response) => {
      if (!server.isAlive) return
      server.world.record(`${this.#client.name}: ${method} ${path} ${response.status}`)
      this.#toClient(() => resolve({ response }))
    })
  }

  #next(
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<ReadableStreamReadResult<Uint8Array>> {
    return new Promise((resolve, reject) => {
      this.#onBreak = reject
      if (this.#request.signal.aborted) this.#break(this.#request.signal.reason, true)
      reader.read().then(
        (result) => {
          if (this.#server?.isAlive !== true) return
          if (result.value !== undefined) this.#client.world.record(result.value)
          this.#toClient(() => resolve(result))
        },
        (error: unknown) => this.#toClient(() => this.#break(error, true)),
      )
    })
  }

  /** The member is told that its reader has gone, if it can be. */
  #leave(reader: ReadableStreamDefaultReader<Uint8Array>): void {
    const server = this.#server
    if (server === undefined) return
    this.#links.stream(this.#client, [this.#client.name, this.#name], () => {
      server.receive(0, () => void reader.cancel().catch(() => undefined))
    })
  }

  /** Called on a break from outside too: the connection is reset. */
  #break(cause: unknown, wasSent: boolean): void {
    if (this.#isOver) return
    this.#end()
    if (this.#reader !== undefined) this.#leave(this.#reader)
    this.#onBreak?.(connectionFailed(cause, wasSent))
  }

  #end(): void {
    this.#isOver = true
    this.#server?.forgetEnd(this.#onServerEnd)
  }

  #toServer(arrive: () => void, connected: () => void): void {
    this.#links.connect(this.#client, [this.#client.name, this.#name], () => {
      connected()
      arrive()
    })
  }

  #toClient(arrive: () => void): void {
    const from = this.#server ?? this.#client
    this.#links.stream(from, [this.#name, this.#client.name], () => this.#client.receive(0, arrive))
  }
}
