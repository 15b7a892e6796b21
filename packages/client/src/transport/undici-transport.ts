/**
 * The transport for Node: pooled keep-alive connections by undici, which cost a tenth of the CPU of
 * the global fetch. Streams have connections of their own, so that they never stand in the way of
 * requests, and no time limit. undici is imported when first used, so that other runtimes can load
 * this package without it.
 */

import { connectionFailed, responseTooLong } from './transport.js'
import type {
  Transport,
  TransportRequest,
  TransportResponse,
  TransportStream,
} from './transport.js'
import type { Agent, Dispatcher } from 'undici'

/** Sockets to one endpoint for requests; more requests than this wait for one. */
const MAX_SOCKETS = 64
/**
 * An idle socket is dropped well before a server may drop it (ours does after 75 s): a request that
 * is sent into a socket as the server closes it fails with an unknown outcome. Servers that close
 * sooner, such as Node's own after 5 s, say so in a header, which undici obeys.
 */
const IDLE_MS = 30_000
const CONNECT_TIMEOUT_MS = 3_000
/** The first TCP keepalive probe, which notices a peer that vanished without a word. */
const TCP_KEEPALIVE_MS = 10_000

interface Agents {
  readonly requests: Agent
  readonly streams: Agent
}

export class UndiciTransport implements Transport {
  #agents: Promise<Agents> | undefined
  #closed = false

  async request(
    request: TransportRequest & { readonly maxBytes: number },
  ): Promise<TransportResponse> {
    const { requests } = await this.#load()
    const response = await this.#send(requests, request)
    try {
      return { status: response.statusCode, body: await readText(response, request.maxBytes) }
    } catch (error) {
      throw sentFailure(error)
    }
  }

  async stream(request: TransportRequest): Promise<TransportStream> {
    const { streams } = await this.#load()
    const { statusCode, body } = await this.#send(streams, request)
    return { status: statusCode, chunks: chunksOf(body) }
  }

  async close(): Promise<void> {
    this.#closed = true
    const agents = await this.#agents
    await Promise.all([agents?.requests.destroy(), agents?.streams.destroy()])
  }

  #load(): Promise<Agents> {
    if (this.#closed) throw connectionFailed(new Error('the client is closed'), false)
    return (this.#agents ??= createAgents())
  }

  async #send(agent: Agent, request: TransportRequest): Promise<Dispatcher.ResponseData> {
    try {
      const response = await agent.request({
        origin: request.endpoint,
        path: request.path,
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        signal: request.signal,
      })
      // A body that nobody reads when it breaks would otherwise end the process.
      response.body.on('error', () => undefined)
      return response
    } catch (error) {
      throw connectionFailed(error, !neverSent(error))
    }
  }
}

async function createAgents(): Promise<Agents> {
  const { Agent } = await import('undici')
  const shared = {
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
    connect: {
      timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEPALIVE_MS,
    },
  }
  return {
    requests: new Agent({ ...shared, connections: MAX_SOCKETS }),
    streams: new Agent(shared),
  }
}

/**
 * Only failures of making the connection prove that nothing was sent. The system call is what tells:
 * an established connection may break with the same codes.
 */
function neverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError) return (error.errors as unknown[]).every(neverSent)
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown }
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT'
}

async function readText(
  { headers, body }: Dispatcher.ResponseData,
  maxBytes: number,
): Promise<string> {
  const length = Number(headers['content-length'])
  if (length > maxBytes) {
    body.destroy()
    throw responseTooLong(maxBytes)
  }
  if (!Number.isNaN(length)) return body.text()

  const parts: Uint8Array[] = []
  let received = 0
  for await (const chunk of chunksOf(body)) {
    received += chunk.length
    if (received > maxBytes) throw responseTooLong(maxBytes)
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString()
}

async function* chunksOf(body: Dispatcher.ResponseData['body']): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) yield chunk
  } catch (error) {
    throw sentFailure(error)
  }
}

function sentFailure(error: unknown): unknown {
  return error instanceof Error && 'outcome' in error ? error : connectionFailed(error, true)
}
