/**
 * The transport for Bun, Deno, workers and wherever else there is a standard `fetch`. It uses nothing
 * of Node. The price: `fetch` does not say whether a failed request was sent, except where its
 * error carries the code of the system, so more failures have an unknown outcome.
 */

import { connectionFailed, responseTooLong } from './transport.js'
import type {
  Transport,
  TransportRequest,
  TransportResponse,
  TransportStream,
} from './transport.js'

type Fetch = (url: string, init: RequestInit) => Promise<Response>

export class FetchTransport implements Transport {
  readonly #fetch: Fetch
  readonly #closing = new AbortController()

  /** @param fetchFunction what to use in place of the global `fetch`. */
  constructor(fetchFunction: Fetch = (url, init) => fetch(url, init)) {
    this.#fetch = fetchFunction
  }

  async request(
    request: TransportRequest & { readonly maxBytes: number },
  ): Promise<TransportResponse> {
    const response = await this.#send(request)
    const parts: string[] = []
    const decoder = new TextDecoder()
    let received = 0
    for await (const chunk of chunksOf(response)) {
      received += chunk.length
      if (received > request.maxBytes) throw responseTooLong(request.maxBytes)
      parts.push(decoder.decode(chunk, { stream: true }))
    }
    return { status: response.status, body: parts.join('') + decoder.decode() }
  }

  async stream(request: TransportRequest): Promise<TransportStream> {
    const response = await this.#send(request)
    return { status: response.status, chunks: chunksOf(response) }
  }

  close(): Promise<void> {
    this.#closing.abort()
    return Promise.resolve()
  }

  async #send(request: TransportRequest): Promise<Response> {
    if (this.#closing.signal.aborted)
      throw connectionFailed(new Error('the client is closed'), false)
    try {
      return await this.#fetch(request.endpoint + request.path, {
        method: request.method,
        headers: request.headers,
        signal: request.signal,
        ...(request.body !== undefined && { body: request.body }),
      })
    } catch (error) {
      throw connectionFailed(error, !neverSent(error))
    }
  }
}

/** Node, Bun and Deno name the system's refusal in the error or in its cause. */
function neverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { readonly code?: unknown }
  return code === 'ECONNREFUSED' || code === 'ConnectionRefused' || neverSent(error.cause)
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
  } catch (error) {
    throw connectionFailed(error, true)
  } finally {
    // Ends the exchange if the reader left early; after the end it does nothing.
    reader.cancel().catch(() => undefined)
  }
}
