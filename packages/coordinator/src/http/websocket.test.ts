/** The wire over a WebSocket (etcd: grpc-websocket-proxy; etcd #8237). */

import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { Hono } from 'hono'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { systemClock } from '../time/clock.js'
import { base64, startEdge, type Edge, type Json } from './edge.test-support.js'
import { MAX_BODY_BYTES } from './request-body.js'
import { listenForClients, type ClientServer } from './server.js'

const LISTEN = { url: 'http://127.0.0.1:0', clock: systemClock }

let edge: Edge
let server: ClientServer

beforeAll(async () => {
  edge = await startEdge()
  server = await listenForClients(edge.app, LISTEN)
})
afterAll(async () => {
  await server.close()
  await edge.close()
})
afterEach(() => expect(edge.defects).toEqual([]))

class Socket {
  readonly #socket: WebSocket
  readonly #received: string[] = []
  readonly closed: Promise<unknown>

  constructor(
    url: string,
    protocols: readonly string[] = [],
    headers: Record<string, string> = {},
  ) {
    this.#socket = new WebSocket(url.replace('http', 'ws'), [...protocols], { headers })
    this.#socket.on('message', (data: Buffer) => this.#received.push(data.toString()))
    this.#socket.on('error', () => undefined)
    this.closed = once(this.#socket, 'close')
    onTestFinished(() => this.#socket.terminate())
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  async opened(): Promise<this> {
    await once(this.#socket, 'open')
    return this
  }

  send(message: Json | string): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  async next(): Promise<Json> {
    await vi.waitUntil(() => this.#received.length > 0)
    return JSON.parse(this.#received.shift()!) as Json
  }

  async result(): Promise<Json> {
    return (await this.next())['result'] as Json
  }

  leave(): void {
    this.#socket.close()
  }
}

function open(path: string): Promise<Socket> {
  return new Socket(server.url + path).opened()
}

const put = (key: string): Promise<unknown> => edge.post('/v3/kv/put', { key: base64(key) })
const create = (key: string, more: Json = {}): Json => ({
  create_request: { key: base64(key), ...more },
})

describe('a watch over a WebSocket', () => {
  it('takes requests to create, cancel and tell the progress, one after another', async () => {
    const socket = await open('/v3/watch')
    socket.send(create('one'))
    expect(await socket.result()).toMatchObject({ created: true })
    socket.send(create('two', { watch_id: '7' }))
    expect(await socket.result()).toMatchObject({ created: true, watch_id: '7' })
    await put('two')
    const { revision } = edge.node.state
    expect(await socket.result()).toMatchObject({
      watch_id: '7',
      events: [{ kv: { key: base64('two'), mod_revision: String(revision) } }],
    })
    socket.send({ progress_request: {} })
    expect(await socket.result()).toMatchObject({
      watch_id: '-1',
      header: { revision: String(revision) },
    })
    socket.send({ cancel_request: { watch_id: '7' } })
    expect(await socket.result()).toMatchObject({ watch_id: '7', canceled: true })
    await put('two')
    await put('one')
    expect(await socket.result()).toMatchObject({ events: [{ kv: { key: base64('one') } }] })
  })

  it('ends when the client leaves', async () => {
    // Those of other tests leave without being waited for.
    await vi.waitUntil(() => edge.hub.watcherCount === 0)
    const before = edge.hub.watcherCount
    const socket = await open('/v3/watch')
    socket.send(create('one'))
    await socket.result()
    expect(edge.hub.watcherCount).toBe(before + 1)
    socket.leave()
    await vi.waitUntil(() => edge.hub.watcherCount === before)
  })

  it('is told what is wrong with its first message, and closed', async () => {
    const socket = await open('/v3/watch')
    socket.send('garbage')
    expect(await socket.next()).toMatchObject({ code: 2, message: expect.any(String) as unknown })
    await socket.closed
  })

  it('is told of a later one in a line', async () => {
    const socket = await open('/v3/watch')
    socket.send(create('one'))
    await socket.result()
    socket.send('{"create_request":7}')
    expect(await socket.next()).toMatchObject({ error: { code: 3, grpc_code: 3 } })
    await socket.closed
  })

  it('is cut by a message that is too long', async () => {
    await vi.waitUntil(() => edge.hub.watcherCount === 0)
    const before = edge.hub.watcherCount
    const socket = await open('/v3/watch')
    socket.send(create('one'))
    await socket.result()
    socket.send('x'.repeat(MAX_BODY_BYTES + 1))
    expect((await socket.closed) as unknown[]).toContain(1009)
    await vi.waitUntil(() => edge.hub.watcherCount === before)
  })
})

describe('any other path over a WebSocket', () => {
  it('takes one message and gives one', async () => {
    const socket = await open('/v3/kv/put')
    socket.send({ key: base64('a') })
    expect(await socket.next()).toMatchObject({
      header: { revision: expect.any(String) as unknown },
    })
    await socket.closed
  })

  it('gives the error', async () => {
    const socket = await open('/v3beta/kv/put')
    socket.send({})
    expect(await socket.next()).toMatchObject({
      code: 3,
      message: 'etcdserver: key is not provided',
    })
    await socket.closed
  })

  it('renews leases, as many as there are messages', async () => {
    await edge.post('/v3/lease/grant', { ID: '5', TTL: '60' })
    const socket = await open('/v3/lease/keepalive')
    for (let at = 0; at < 3; at += 1) {
      socket.send({ ID: '5' })
      expect(await socket.result()).toMatchObject({ ID: '5', TTL: '60' })
    }
  })

  it.each(['/metrics', '//', '/v3/watch/../..//', '//['])(
    '%s is a 404, and no WebSocket',
    async (path) => {
      const { hostname, port } = new URL(server.url)
      const asked = request({
        ...{ hostname, port, path },
        headers: {
          ...{ connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
          'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        },
      })
      asked.end()
      const [response] = (await once(asked, 'response')) as [{ statusCode: number }]
      expect(response.statusCode).toBe(404)
    },
  )
})

it('a client that is gone before it is answered ends nothing', async () => {
  const { hostname, port } = new URL(server.url)
  for (let at = 0; at < 20; at += 1) {
    const socket = connect(Number(port), hostname)
    const upgrade = 'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
    socket.write(`GET /nothing HTTP/1.1\r\nHost: h\r\n${upgrade}Sec-WebSocket-Key: x\r\n\r\n`)
    socket.on('error', () => undefined)
    if (at % 2 === 0) socket.resetAndDestroy()
    else socket.destroy()
  }
  const socket = await open('/v3/kv/put?method=GET')
  socket.send({ key: base64('a') })
  expect(await socket.next()).toHaveProperty('header')
})

describe('the token of a WebSocket', () => {
  /** What the path behind it is told. */
  async function authorizationOf(
    protocols: readonly string[],
    headers: Record<string, string> = {},
  ): Promise<{ told: string | undefined; socket: Socket }> {
    let told: string | undefined
    const app = new Hono()
    app.post('/v3/kv/put', (c) => {
      told = c.req.header('authorization')
      return c.json({})
    })
    const other = await listenForClients(app, LISTEN)
    onTestFinished(() => other.close())
    const socket = await new Socket(`${other.url}/v3/kv/put`, protocols, headers).opened()
    socket.send({})
    await socket.next()
    return { told, socket }
  }

  it('may be a subprotocol, which is answered by the word before it', async () => {
    const { told, socket } = await authorizationOf(['Bearer', 'abc.7'])
    expect(told).toBe('Bearer abc.7')
    expect(socket.protocol).toBe('Bearer')
  })

  it('may be a cookie, which counts more', async () => {
    const { told } = await authorizationOf(['Bearer', 'abc.7'], { cookie: 'a=b; token=xyz.9' })
    expect(told).toBe('Bearer xyz.9')
  })

  it('may be a header', async () => {
    const { told } = await authorizationOf([], { authorization: 'abc.7' })
    expect(told).toBe('abc.7')
  })
})

describe('a client that leaves before it has asked for anything', () => {
  it.each([
    ['lease/grant', 'in order', Buffer.of(0x88, 0x80, 0, 0, 0, 0)],
    ['lease/grant', 'with a frame that is none', Buffer.of(0x81, 0x02, 0x7b, 0x7d)],
    ['lease/grant', 'without a word', undefined],
    ['lock/lock', 'in order', Buffer.of(0x88, 0x80, 0, 0, 0, 0)],
    ['election/campaign', 'without a word', undefined],
  ])('is not served an empty request: %s, %s', async (path, _how, frame) => {
    const before = edge.fingerprint()
    const { port } = new URL(server.url)
    const socket = connect({ host: '127.0.0.1', port: Number(port) })
    socket.write(
      `GET /v3/${path} HTTP/1.1\r\nHost: e\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /)
    if (frame === undefined) socket.destroy()
    else socket.write(frame)
    await vi.waitUntil(() => edge.context.node.pendingProposals === 0)
    // Whatever it would have been answered comes after a write that was asked for later.
    await edge.post('/v3/kv/deleterange', { key: base64('nothing') })
    expect(edge.fingerprint()).toEqual(before)
    socket.destroy()
  })
})
