/**
 * How requests travel. Two implementations: `UndiciTransport` for Node, `FetchTransport` for every
 * other runtime. A transport neither retries nor interprets: it makes one exchange with one endpoint.
 */

import { HoldfastError } from '@holdfast/protocol'

export interface TransportRequest {
  /** An origin, such as `http://127.0.0.1:2379`. */
  readonly endpoint: string
  readonly method: 'GET' | 'POST'
  /** Begins with a slash. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** Ends the exchange, and the stream of a response, at once. */
  readonly signal: AbortSignal
}

export interface TransportResponse {
  readonly status: number
  readonly body: string
}

export interface TransportStream {
  readonly status: number
  /** The body, in chunks that may end anywhere. Ending the iteration ends the exchange. */
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface Transport {
  /**
   * One exchange whose answer is read whole.
   *
   * @throws {HoldfastError} `connectionFailed`, whose outcome is `not-applied` only if the request
   * was certainly never sent; `resourceExhausted` if the answer is longer than `maxBytes`.
   */
  request(request: TransportRequest & { readonly maxBytes: number }): Promise<TransportResponse>
  /** One exchange whose answer is read as it comes. It may stay open for ever. */
  stream(request: TransportRequest): Promise<TransportStream>
  close(): Promise<void>
}

/** A connection that could not be made, or broke. */
export function connectionFailed(cause: unknown, sent: boolean): HoldfastError {
  return new HoldfastError('connectionFailed', describeFailure(cause), {
    retryable: true,
    outcome: sent ? 'unknown' : 'not-applied',
    cause,
  })
}

export function responseTooLong(maxBytes: number): HoldfastError {
  return new HoldfastError('resourceExhausted', `the answer is longer than ${maxBytes} bytes`)
}

/** `fetch failed` says nothing; what it wraps does. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error instanceof AggregateError ? (error.errors as unknown[])[0] : error.cause
  return inner instanceof Error ? describeFailure(inner) : error.message
}
