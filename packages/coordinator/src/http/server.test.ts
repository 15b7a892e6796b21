/** The edge on real sockets: connections that are shared, broken, abused and closed (catalogue 89). */

import { once } from 'node:events'
import { createConnection } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { Hono } from 'hono'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { base64, settle, startEdge, type Edge } from './edge.test-support.js'
import { systemClock, type Clock } from '../time/clock.js'
import { post, RawClient, statuses } from './raw-client.test-support.js'
import { listenForClients, type ClientServer, type ListenOptions } from './server.js'

let edge: Edge
let server: ClientServer
const clients: RawClient[] = []

beforeAll(async () => {
  edge = await startEdge()
  server = await listen()
})
afterAll(async () => {
  await server.close()
  await edge.close()
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.vanish()
  await vi.waitUntil(() => edge.hub.watcherCount === 0)
  expect(edge.defects).toEqual([])
})

const ANYWHERE = { url: 'http://127.0.0.1:0', clock: systemClock }

function listen(options: Partial<ListenOptions> = {}): Promise<ClientServer> {
  return listenForClients(edge.app, { ...ANYWHERE, ...options })
}

function connect(): RawClient {
  const client = new RawClient(server.url)
  clients.push(client)
  return client
}

const putOf = (key: string, more = ''): string =>
  post('/v3/kv/put', `{"key":"${base64(key)}"}`, more)
const watchOf = (key: string): string =>
  post('/v3/watch', `{"create_request":{"key":"${base64(key)}"}}`)

async function valueCount(key: string): Promise<unknown> {
  return (await edge.post('/v3/kv/range', { key: base64(key) })).body['count']
}

describe('a connection', () => {
  it('serves one request after another', async () => {
    const client = connect()
    for (let count = 1; count <= 3; count++) {
      client.send(putOf('keep-alive'))
      await client.until(new RegExp(`("raft_term"[^]*){${count}}`))
    }
    expect(statuses(client.received)).toEqual(['200', '200', '200'])
  })

  it('serves requests that were sent without waiting, in order', async () => {
    const client = connect()
    const bad = post('/v3/kv/put', '{}')
    client.send(putOf('p1') + bad + putOf('p2') + post('/nothing', '{}', 'Connection: close\r\n'))
    await client.untilEnd()
    expect(statuses(client.received)).toEqual(['200', '400', '200', '404'])
    expect([await valueCount('p1'), await valueCount('p2')]).toEqual(['1', '1'])
  })

  it('tells browsers with every answer that they may read it, as etcd does', async () => {
    for (const request of [
      'GET /version HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n',
      'GET /nothing HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n',
      putOf('cors', 'Connection: close\r\n'),
      post('/v3/kv/put', '{}', 'Connection: close\r\n'),
    ]) {
      const client = connect()
      client.send(request)
      expect(await client.untilEnd()).toMatch(/^access-control-allow-origin: \*\r$/im)
    }
  })

  it('survives a GET with a body, as some clients probe', async () => {
    const client = connect()
    client.send('GET /version HTTP/1.1\r\nHost: edge\r\nContent-Length: 2\r\n\r\n{}')
    client.send(putOf('after', 'Connection: close\r\n'))
    expect(statuses(await client.untilEnd())).toEqual(['200', '200'])
  })

  it('answers HTTP/1.0, which need not name a host, as simple health checkers speak it', async () => {
    const client = connect()
    client.send('GET /health HTTP/1.0\r\n\r\n')
    expect(statuses(await client.untilEnd())).toEqual(['200'])
  })

  it('takes a chunked body', async () => {
    const client = connect()
    const body = `{"key":"${base64('chunked')}"}`
    client.send('POST /v3/kv/put HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n')
    client.send('Transfer-Encoding: chunked\r\n\r\n')
    for (const character of body) client.send(`1\r\n${character}\r\n`)
    client.send('0\r\n\r\n')
    expect(statuses(await client.untilEnd())).toEqual(['200'])
    expect(await valueCount('chunked')).toBe('1')
  })
})

describe('what is not HTTP, or ambiguous', () => {
  const body = `{"key":"${base64('smuggled')}"}`
  it.each([
    [
      'both Content-Length and Transfer-Encoding',
      `POST /v3/kv/put HTTP/1.1\r\nHost: e\r\nContent-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    ],
    [
      'two lengths',
      `POST /v3/kv/put HTTP/1.1\r\nHost: e\r\nContent-Length: ${body.length}\r\nContent-Length: 2\r\n\r\n${body}`,
    ],
    [
      'a length that is none',
      `POST /v3/kv/put HTTP/1.1\r\nHost: e\r\nContent-Length: x\r\n\r\n${body}`,
    ],
    ['no host', `POST /v3/kv/put HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`],
    [
      'a space in a header',
      `POST /v3/kv/put HTTP/1.1\r\nHost: e\r\nContent-Length : ${body.length}\r\n\r\n${body}`,
    ],
    [
      'bare line feeds',
      `POST /v3/kv/put HTTP/1.1\nHost: e\nContent-Length: ${body.length}\n\n${body}`,
    ],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('is refused, and writes nothing: %s', async (_, bytes) => {
    const client = connect()
    client.send(Buffer.from(bytes, 'latin1'))
    expect(statuses(await client.untilEnd())).toEqual(['400'])
    expect(await valueCount('smuggled')).toBeUndefined()
  })

  it.each(['e:x', '[', 'a b', 'e/../x', 'e@x'])(
    'a host that is none is refused: %s',
    async (host) => {
      const client = connect()
      client.send(`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      expect(statuses(await client.untilEnd())).toEqual(['400'])
    },
  )

  it('headers over 16 KiB are refused', async () => {
    const client = connect()
    client.send(`GET /health HTTP/1.1\r\nHost: e\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
    expect(statuses(await client.untilEnd())).toEqual(['431'])
  })
})

describe('who holds on to a connection for nothing', () => {
  let strict: ClientServer
  beforeAll(async () => {
    const limits = {
      ...{ maxConnections: 3, headersTimeoutMs: 200 },
      ...{ stalledAnswerMs: 300, answeredRequestMs: 300 },
    }
    strict = await listen({ limits })
  })
  afterAll(() => strict.close())
  const connectStrictly = (): RawClient => {
    const client = new RawClient(strict.url)
    clients.push(client)
    return client
  }

  it.each([
    ['says nothing at all', ''],
    ['sends headers that do not end', 'GET /health HTTP/1.1\r\nHost: e\r\nX: '],
  ])('is let go when it %s', async (_, bytes) => {
    const client = connectStrictly()
    client.send(bytes)
    expect(statuses(await client.untilEnd())).toEqual(['408'])
  })

  it.each([
    ['has come whole', (client: RawClient) => client.send('ab')],
    ['has left', (client: RawClient) => client.vanish()],
  ])('is not waited for any more when it %s', async (_, end) => {
    const waiting = new Set<object>()
    const clock: Clock = {
      ...systemClock,
      after: () => {
        const timer = {}
        waiting.add(timer)
        return () => waiting.delete(timer)
      },
    }
    const other = await listen({ clock })
    onTestFinished(() => other.close())
    const client = new RawClient(other.url)
    clients.push(client)
    client.send('GET /version HTTP/1.1\r\nHost: e\r\nContent-Length: 2\r\n\r\n')
    await client.until(/etcdserver/)
    await vi.waitUntil(() => waiting.size === 1)
    end(client)
    await vi.waitUntil(() => waiting.size === 0)
  })

  it('is let go when its request does not end though it has been answered', async () => {
    const client = connectStrictly()
    client.send('GET /version HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n')
    await client.until(/etcdserver/)
    const drip = setInterval(() => client.socket.writable && client.send('1\r\n \r\n'), 50)
    onTestFinished(() => clearInterval(drip))
    expect(statuses(await client.untilEnd())).toEqual(['200'])
  })

  const open = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
  const webSocket = `GET /v3/kv/range HTTP/1.1\r\nHost: e\r\n${open}Sec-WebSocket-Key: ${base64('sixteen bytes at')}\r\n\r\n`
  /** In one masked frame, the mask being zero. */
  const frame = (text: string): Buffer =>
    Buffer.concat([Buffer.of(0x81, 0x80 + text.length, 0, 0, 0, 0), Buffer.from(text)])

  it.each([
    ['over HTTP', (range: string) => [post('/v3/kv/range', range)]],
    ['over a WebSocket', (range: string) => [webSocket, frame(range)]],
  ])('is let go when it takes nothing of a large answer %s', async (_, ask) => {
    const value = Buffer.alloc(1_000_000).toString('base64')
    for (let at = 0; at < 30; at += 1) {
      await edge.post('/v3/kv/put', { key: base64(`stalled ${at}`), value })
    }
    const client = connectStrictly()
    client.socket.pause()
    const range = { key: base64('stalled'), range_end: base64('stallee') }
    for (const bytes of ask(JSON.stringify(range))) client.send(bytes)
    const closed = new Promise<void>((resolve) => client.socket.once('close', () => resolve()))
    await vi.waitUntil(() => client.socket.readableLength > 0)
    // Longer than the server waits: what is already here can still be read, and then it is cut.
    await delay(1_000)
    client.socket.resume()
    await closed
    expect(client.received.length).toBeLessThan(30_000_000)
  })

  it('as one of too many is not let in', async () => {
    const served = [connectStrictly(), connectStrictly(), connectStrictly()]
    for (const client of served) {
      client.send('GET /health HTTP/1.1\r\nHost: e\r\n\r\n')
      await client.until(/health/)
    }
    const late = connectStrictly()
    late.send('GET /health HTTP/1.1\r\nHost: e\r\n\r\n')
    expect(await late.untilEnd()).toBe('')
    served[0]?.vanish()
    await vi.waitFor(async () => {
      const next = connectStrictly()
      next.send('GET /health HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n')
      expect(statuses(await next.untilEnd())).toEqual(['200'])
    })
  })
})

describe('answers that nobody takes (catalogue 87)', () => {
  const LARGE = 8_000_000
  /** One whose answers are large, and how many it has made. */
  async function serveLarge(
    maxUntakenBytes: number,
  ): Promise<{ connectTo: () => RawClient; made: () => number }> {
    let made = 0
    const app = new Hono()
    app.post('/large', (c) => {
      made += 1
      return c.text('x'.repeat(LARGE))
    })
    const limits = { maxUntakenBytes }
    const other = await listenForClients(app, { ...ANYWHERE, limits })
    onTestFinished(() => other.close())
    const connectTo = (): RawClient => {
      const client = new RawClient(other.url)
      clients.push(client)
      return client
    }
    return { connectTo, made: () => made }
  }

  it('are not made before those to earlier requests of the connection are taken', async () => {
    const { connectTo, made } = await serveLarge(Infinity)
    const client = connectTo()
    client.socket.pause()
    client.send(post('/large', '').repeat(4) + post('/large', '', 'Connection: close\r\n'))
    await vi.waitUntil(() => client.socket.readableLength > 0)
    for (let count = 2; count <= 6; count++) {
      const probe = connectTo()
      probe.send(post('/large', '', 'Connection: close\r\n'))
      await probe.untilEnd()
      expect(made()).toBe(count)
    }
    client.socket.resume()
    expect(statuses(await client.untilEnd())).toEqual(['200', '200', '200', '200', '200'])
  })

  it('and are too much together cost the one that has waited longest its connection', async () => {
    const { connectTo } = await serveLarge(2.5 * LARGE)
    const waiting: RawClient[] = []
    for (let count = 0; count < 3; count++) {
      const client = connectTo()
      client.socket.pause()
      client.send(post('/large', '', 'Connection: close\r\n'))
      waiting.push(client)
      await vi.waitUntil(() => client.socket.readableLength > 0)
    }
    const lengths: number[] = []
    for (const client of waiting) {
      client.socket.resume()
      lengths.push((await client.untilEnd()).length)
    }
    const [cut, ...whole] = lengths
    expect(cut).toBeLessThan(LARGE)
    expect(whole.every((length) => length > LARGE)).toBe(true)
  })
})

describe('garbage', () => {
  it('behind a request does not take its answer’s place', async () => {
    const client = connect()
    client.send(`${putOf('before garbage')}\0garbage\r\n\r\n`)
    // It ends without an answer, which says that nobody knows; or with the one to the request.
    expect(statuses(await client.untilEnd()).filter((status) => status !== '200')).toEqual([])
    await vi.waitFor(async () => expect(await valueCount('before garbage')).toBe('1'))
  })

  it('in the body of a request that has not come whole is refused', async () => {
    const client = connect()
    client.send('POST /v3/kv/put HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n')
    client.send('5\r\n{"key\r\nzz\r\n')
    expect(statuses(await client.untilEnd())).toEqual(['400'])
  })

  it('behind the first line of an answer is not mixed with it', async () => {
    const client = connect()
    client.send('POST /v3/watch HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n')
    const create = `{"create_request":{"key":"${base64('mixed')}"}}`
    client.send(`${create.length.toString(16)}\r\n${create}\r\n`)
    await client.until(/"created":true/)
    client.send('zz\r\n')
    expect(statuses(await client.untilEnd())).toEqual(['200'])
  })
})

describe('an upgrade to what is not known', () => {
  const offer =
    'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'

  it('is ignored (RFC 9110 §7.8), and the connection goes on', async () => {
    const client = connect()
    client.send(putOf('offered', offer))
    await client.until(/raft_term/)
    client.send(putOf('afterwards', 'Connection: close\r\n'))
    expect(statuses(await client.untilEnd())).toEqual(['200', '200'])
    expect([await valueCount('offered'), await valueCount('afterwards')]).toEqual(['1', '1'])
  })

  it('is ignored every time, and costs nothing that stays', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const client = connect()
    for (let count = 1; count <= 20; count++) {
      client.send(putOf(`again ${count}`, offer))
      await vi.waitUntil(() => statuses(client.received).length === count, { interval: 2 })
    }
    await settle()
    expect(warnings).toEqual([])
  })

  it('is ignored in each of several requests that are sent without waiting, in order', async () => {
    const client = connect()
    const bad = post('/v3/kv/put', '{}', offer)
    client.send(
      putOf('u1', offer) + bad + putOf('u2', offer) + putOf('u3', 'Connection: close\r\n'),
    )
    expect(statuses(await client.untilEnd())).toEqual(['200', '400', '200', '200'])
    expect([await valueCount('u1'), await valueCount('u2')]).toEqual(['1', '1'])
  })

  it('leaves what else the connection was asked for', async () => {
    const client = connect()
    client.send(putOf('last', 'Connection: close, Upgrade\r\nUpgrade: h2c\r\n'))
    expect(statuses(await client.untilEnd())).toEqual(['200'])
  })

  it('is ignored where the body comes later', async () => {
    const client = connect()
    const body = `{"key":"${base64('later')}"}`
    client.send(
      `POST /v3/kv/put HTTP/1.1\r\nHost: e\r\n${offer}Content-Length: ${body.length}\r\n\r\n`,
    )
    for (const part of [body.slice(0, 3), body.slice(3)]) {
      await settle()
      client.send(part)
    }
    expect(statuses(await client.until(/raft_term/))).toEqual(['200'])
  })
})

describe('a body', () => {
  it('that breaks off writes nothing, and is no defect', async () => {
    const key = `{"key":"${base64('broken')}"}`
    const starts = [
      `POST /v3/kv/put HTTP/1.1\r\nHost: e\r\nContent-Length: 500\r\n\r\n${key}`,
      `POST /v3/kv/put HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n${key.length.toString(16)}\r\n${key}\r\n`,
      `POST /v3/lease/keepalive HTTP/1.1\r\nHost: e\r\nContent-Length: 500\r\n\r\n{"ID"`,
      `POST /v3/watch HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"cre\r\n`,
    ]
    for (const start of starts) {
      const client = connect()
      client.send(start)
      // Once another request has been answered, the server has begun with this one.
      const probe = connect()
      probe.send('GET /version HTTP/1.1\r\nHost: e\r\nConnection: close\r\n\r\n')
      await probe.untilEnd()
      client.vanish()
    }
    expect(await valueCount('broken')).toBeUndefined()
  })

  it('that is too large is answered, declared or not', async () => {
    const declared = connect()
    declared.send('POST /v3/kv/put HTTP/1.1\r\nHost: e\r\nContent-Length: 99999999999\r\n\r\n{')
    expect(statuses(await declared.until(/larger than max/))).toEqual(['429'])

    const chunked = connect()
    chunked.send('POST /v3/kv/put HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (let sent = 0; sent < 4; sent++) chunked.send(`100000\r\n${'x'.repeat(0x100000)}\r\n`)
    expect(statuses(await chunked.until(/larger than max/))).toEqual(['429'])
  })
})

describe('a stream', () => {
  it('has each line in a chunk of its own, as some clients need', async () => {
    const client = connect()
    client.send(watchOf('line'))
    await client.until(/"created":true}}\n\r\n/)
    client.send('')
    await edge.post('/v3/kv/put', { key: base64('line') })
    await edge.post('/v3/kv/put', { key: base64('line') })
    const received = await client.until(/("events"[^]*){2}\r\n$/)
    const [head, ...rest] = received.split('\r\n\r\n')
    expect(head).toMatch(/transfer-encoding: chunked/i)
    const chunks = rest.join('\r\n\r\n').matchAll(/([0-9a-f]+)\r\n([^]*?\n)\r\n/g)
    const lines = [...chunks].map(([, size, line]) => ({ size: parseInt(size!, 16), line: line! }))
    expect(lines).toHaveLength(3)
    for (const { size, line } of lines) {
      expect(line).toHaveLength(size)
      expect(line.indexOf('\n')).toBe(size - 1)
    }
  })

  it('takes requests while it answers', async () => {
    const client = connect()
    client.send('POST /v3/watch HTTP/1.1\r\nHost: e\r\nTransfer-Encoding: chunked\r\n\r\n')
    const sendChunk = (text: string): void => {
      client.send(`${text.length.toString(16)}\r\n${text}\r\n`)
    }
    sendChunk('{"create_request":{"key":"YQ==","watch_id":"7"}}')
    await client.until(/"watch_id":"7","created":true/)
    sendChunk('{"cancel_request":{"watch_id":"7"}}')
    await client.until(/"watch_id":"7","canceled":true/)
    expect(edge.hub.watcherCount).toBe(0)
  })

  it('of keepalives ends with its body, and the connection goes on', async () => {
    const client = connect()
    client.send(post('/v3/lease/keepalive', '{"ID":"5"}{"ID":"6"}'))
    await client.until(/"ID":"6"}}\n[^]*0\r\n\r\n/)
    client.send(putOf('after-keepalive', 'Connection: close\r\n'))
    expect(statuses(await client.untilEnd())).toEqual(['200', '200'])
  })

  it('of a client that leaves without a word is cancelled, a thousand of them too', async () => {
    const watchers = 1_000
    const crowd = Array.from({ length: watchers }, () => new RawClient(server.url))
    for (const client of crowd) client.send(watchOf('crowd'))
    await Promise.all(crowd.map((client) => client.until(/"created":true/)))
    expect(edge.hub.watcherCount).toBe(watchers)
    await edge.post('/v3/kv/put', { key: base64('crowd') })
    await Promise.all(crowd.map((client) => client.until(/"events"/)))
    for (const client of crowd) client.vanish()
    await vi.waitUntil(() => edge.hub.watcherCount === 0)
    await edge.post('/v3/kv/put', { key: base64('crowd') })
    expect(edge.hub.behindCount).toBe(0)
  })

  it('of a client that leaves before it is answered is cancelled', async () => {
    const crowd = Array.from({ length: 50 }, () => new RawClient(server.url))
    await Promise.all(
      crowd.map(
        (client) => new Promise((resolve) => client.socket.write(watchOf('early'), resolve)),
      ),
    )
    for (const client of crowd) client.vanish()
    const probe = connect()
    probe.send(putOf('early', 'Connection: close\r\n'))
    await probe.untilEnd()
    await vi.waitUntil(() => edge.hub.watcherCount === 0)
  })
})

describe('closing', () => {
  it('cuts what is open, and cancels its watches', async () => {
    const other = await listen()
    const [idle, watching] = [new RawClient(other.url), new RawClient(other.url)]
    watching.send(watchOf('cut'))
    await watching.until(/"created":true/)
    await other.close()
    await Promise.all([idle.untilEnd(), watching.untilEnd()])
    await vi.waitUntil(() => edge.hub.watcherCount === 0)
  })

  it('does not wait for a client that keeps its side open, nor for an upgrade that waits', async () => {
    const other = await listen()
    const { hostname, port } = new URL(other.url)
    const halfOpen = createConnection({ host: hostname, port: Number(port), allowHalfOpen: true })
    onTestFinished(() => void halfOpen.destroy())
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
    halfOpen.write(`GET /nothing HTTP/1.1\r\nHost: e\r\n${upgrade}\r\n`)
    await once(halfOpen, 'data')
    const waiting = new RawClient(other.url)
    waiting.send(
      watchOf('cut') + putOf('behind a watch', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'),
    )
    await waiting.until(/"created":true/)
    await other.close()
    await waiting.untilEnd()
    expect(await valueCount('behind a watch')).toBeUndefined()
  })

  it('frees the port, which nobody else could take before', async () => {
    const first = await listen()
    await expect(listen({ url: first.url })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
    await first.close()
    const second = await listen({ url: first.url })
    expect(second.url).toBe(first.url)
    await second.close()
  })
})
