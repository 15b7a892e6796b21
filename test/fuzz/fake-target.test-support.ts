/** A small server that behaves as it is told, as what is fuzzed. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Target } from './target.js'

const REFUSAL = JSON.stringify({ error: 'no', code: 3, message: 'no' })

export interface FakeOptions {
  /** Called with each request before it is answered. */
  readonly onRequest?: (request: { readonly path: string; readonly body: string }) => void
  readonly answer?: { readonly status: number; readonly body: string }
  readonly state?: () => string
  readonly pid?: () => number | undefined
  readonly rssBytes?: () => number
  readonly complaints?: () => readonly string[]
}

/** By default it refuses everything, and changes nothing. */
export async function startFakeTarget(options: FakeOptions = {}): Promise<Target> {
  const { status, body } = options.answer ?? { status: 400, body: REFUSAL }
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => undefined)
    request.on('end', () => {
      options.onRequest?.({ path: request.url ?? '', body: Buffer.concat(chunks).toString() })
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    })
  }
  const server = createServer(serve)
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
