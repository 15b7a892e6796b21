import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { FetchTransport } from './fetch-transport.js'
import type { Transport } from './transport.js'
import { UndiciTransport } from './undici-transport.js'

let server: Server | undefined
let transport: Transport | undefined
afterEach(async () => {
  await transport?.close()
  server?.closeAllConnections()
  server?.close()
})

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener)
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const never = new AbortController().signal
const requestTo = (endpoint: string, signal = never): Parameters<Transport['request']>[0] => ({
  endpoint,
  method: 'POST',
  path: '/x',
  headers: { 'content-type': 'application/json' },
  body: '{"a":"ü"}',
  signal,
  maxBytes: 1_000,
})

describe.each([
  ['undici', () => new UndiciTransport()],
  ['fetch', () => new FetchTransport()],
] as const)('the transport on %s', (_, create) => {
  test('carries a request and its answer', async () => {
    transport = create()
    const endpoint = await serve((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      request.on('end', () => {
        response.statusCode = 429
        response.end(`${request.method!} ${request.url!} ${body} ö`)
      })
    })
    expect(await transport.request(requestTo(endpoint))).toEqual({
      status: 429,
      body: 'POST /x {"a":"ü"} ö',
    })
  })

  test('proves that a refused connection sent nothing', async () => {
    transport = create()
    const endpoint = await serve(() => undefined)
    await new Promise((resolve) => server!.close(resolve))
    await expect(transport.request(requestTo(endpoint))).rejects.toMatchObject({
      code: 'connectionFailed',
      retryable: true,
      outcome: 'not-applied',
    })
  })

  test('proves nothing of a connection that breaks later', async () => {
    transport = create()
    const endpoint = await serve((request) => request.socket.destroy())
    await expect(transport.request(requestTo(endpoint))).rejects.toMatchObject({
      code: 'connectionFailed',
      outcome: 'unknown',
    })
  })

  test('nor of one that breaks in the middle of the answer', async () => {
    transport = create()
    const endpoint = await serve((request, response) => {
      response.write('{"a":')
      setTimeout(() => request.socket.destroy(), 20)
    })
    await expect(transport.request(requestTo(endpoint))).rejects.toMatchObject({
      code: 'connectionFailed',
      outcome: 'unknown',
    })
  })

  test.each(['with a length', 'in chunks'])(
    'refuses an answer that is too long, %s',
    async (how) => {
      transport = create()
      const endpoint = await serve((_request, response) => {
        if (how === 'in chunks') response.write('x')
        response.end('x'.repeat(2_000))
      })
      await expect(transport.request(requestTo(endpoint))).rejects.toMatchObject({
        code: 'resourceExhausted',
      })
    },
  )

  test('ends a request with its signal', async () => {
    transport = create()
    const endpoint = await serve(() => undefined)
    const controller = new AbortController()
    const request = transport.request(requestTo(endpoint, controller.signal))
    setTimeout(() => controller.abort(), 20)
    await expect(request).rejects.toMatchObject({ code: 'connectionFailed' })
  })

  test('streams an answer as it comes, until the reader leaves', async () => {
    transport = create()
    let closed: () => void = () => undefined
    const ended = new Promise<void>((resolve) => {
      closed = resolve
    })
    const endpoint = await serve((_request, response) => {
      response.write('one\n')
      const timer = setInterval(() => response.write('more\n'), 5)
      response.on('close', () => {
        clearInterval(timer)
        closed()
      })
    })
    const controller = new AbortController()
    const { status, chunks } = await transport.stream(requestTo(endpoint, controller.signal))
    let text = ''
    for await (const chunk of chunks) {
      text += new TextDecoder().decode(chunk)
      if (text.length > 20) break
    }
    expect(status).toBe(200)
    expect(text).toMatch(/^one\n(more\n)+/)
    controller.abort()
    await ended
  })

  test('a stream that is aborted fails', async () => {
    transport = create()
    const endpoint = await serve((_request, response) => {
      response.write('one\n')
    })
    const controller = new AbortController()
    const { chunks } = await transport.stream(requestTo(endpoint, controller.signal))
    const iterator = chunks[Symbol.asyncIterator]()
    await iterator.next()
    setTimeout(() => controller.abort(), 20)
    await expect(iterator.next()).rejects.toMatchObject({ code: 'connectionFailed' })
  })

  test('a stream that is aborted before anyone reads it harms nobody', async () => {
    transport = create()
    const endpoint = await serve((_request, response) => {
      response.write('one\n')
    })
    const controller = new AbortController()
    await transport.stream(requestTo(endpoint, controller.signal))
    controller.abort()
    await new Promise((resolve) => setTimeout(resolve, 20))
  })

  test('does nothing after it was closed', async () => {
    transport = create()
    await transport.close()
    await expect(transport.request(requestTo('http://127.0.0.1:1'))).rejects.toMatchObject({
      outcome: 'not-applied',
    })
  })
})
