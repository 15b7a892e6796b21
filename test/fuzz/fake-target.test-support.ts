/** A small server that behaves as it is told, as what is fuzzed. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Target } from './target.js'

export interface FakeRequest {
  readonly path: string
  readonly body: string
}

export interface FakeAnswer {
  readonly status: number
  readonly body: string
}

export const REFUSAL: FakeAnswer = {
  status: 400,
  body: JSON.stringify({ error: 'no', code: 3, message: 'no' }),
}

export interface FakeOptions {
  /** Called with each request before it is answered. */
  readonly onRequest?: (request: FakeRequest) => void
  readonly answer?: (request: FakeRequest) => FakeAnswer
  /** It answers in a later turn of the event loop. */
  readonly isSlow?: boolean
  /** What it does when no request can be read; as Node does, by default. */
  readonly onBroken?: (socket: Duplex) => void
  readonly state?: () => string
  readonly pid?: () => number | undefined
  readonly rssBytes?: () => number
  readonly complaints?: () => readonly string[]
}

/** By default it refuses everything, and changes nothing. */
export async function startFakeTarget(options: FakeOptions = {}): Promise<Target> {
  const { onRequest, answer = () => REFUSAL, isSlow = false, onBroken } = options
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => undefined)
    request.on('end', () => {
      const asked = { path: request.url ?? '', body: Buffer.concat(chunks).toString() }
      onRequest?.(asked)
      const { status, body } = answer(asked)
      const reply = (): void => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      }
      if (isSlow) setImmediate(reply)
      else reply()
    })
  }
  const server = createServer(serve)
  if (onBroken !== undefined) server.on('clientError', (_, socket) => onBroken(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: { host: '127.0.0.1', port },
    pid: options.pid ?? (() => 1),
    rssBytes: options.rssBytes ?? (() => 100 * 1024 * 1024),
    complaints: options.complaints ?? (() => []),
    isHealthy: () => Promise.resolve(server.listening),
    state: () => Promise.resolve(options.state?.() ?? ''),
    tidy: () => Promise.resolve(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
