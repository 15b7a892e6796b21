/** `/v3/watch`: how its stream begins, goes on and ends (catalogue 61 and 79). */

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { LeaderPresence } from '../../node/leader-presence.js'
import {
  base64,
  Lines,
  OpenBody,
  settle,
  startEdge,
  type Edge,
  type Json,
} from '../edge.test-support.js'

const PATH = '/v3/watch'
const KEY = { key: base64('k') }

let edge: Edge
const opened: Lines[] = []

beforeAll(async () => {
  edge = await startEdge()
})
afterAll(() => edge.close())
afterEach(async () => {
  for (const lines of opened.splice(0)) await lines.leave().catch(() => undefined)
  vi.restoreAllMocks()
  expect(edge.hub.watcherCount).toBe(0)
  expect(edge.defects).toEqual([])
})

async function watch(
  body: string | ReadableStream,
  headers?: Record<string, string>,
): Promise<Lines> {
  const response = await edge.open(PATH, body, headers)
  expect(response.status).toBe(200)
  const lines = new Lines(response)
  opened.push(lines)
  return lines
}

const creating = (request: Json = KEY): string => JSON.stringify({ create_request: request })
const put = (key = 'k', value = ''): Promise<unknown> =>
  edge.post('/v3/kv/put', { key: base64(key), value: base64(value) })

describe('a watch', () => {
  it('is created first, then told of events', async () => {
    const { revision } = edge.node.state
    const lines = await watch(creating())
    expect(await lines.result()).toMatchObject({
      header: { revision: String(revision) },
      created: true,
    })
    await put()
    expect(await lines.result()).toMatchObject({
      header: { revision: String(revision + 1) },
      events: [{ kv: { ...KEY, mod_revision: String(revision + 1) } }],
    })
  })

  it('does not end with the body', async () => {
    const body = new OpenBody()
    body.send(creating())
    const lines = await watch(body.stream)
    await lines.result()
    body.end()
    await settle()
    await put()
    expect(await lines.result()).toMatchObject({ events: [{ kv: KEY }] })
    expect(edge.hub.watcherCount).toBe(1)
  })

  it('is cancelled when the client leaves', async () => {
    const lines = await watch(creating() + creating())
    await lines.results(2)
    expect(edge.hub.watcherCount).toBe(2)
    await lines.leave()
    expect(edge.hub.watcherCount).toBe(0)
  })
})

describe('several requests in one body', () => {
  it('are each answered, in order', async () => {
    const lines = await watch(
      `${creating({ ...KEY, watch_id: '7' })}{"cancel_request":{"watch_id":"7"}}\n` +
        `${creating()} {"progress_request":{}}`,
    )
    const told = await lines.results(4)
    const { revision } = edge.node.state
    const header = expect.objectContaining({ revision: String(revision) }) as unknown
    expect(told).toEqual([
      { header, watch_id: '7', created: true },
      { header, watch_id: '7', canceled: true },
      { header, created: true },
      { header, watch_id: '-1' },
    ])
  })

  it('may be cut anywhere', async () => {
    const text = `${creating({ ...KEY, watch_id: '3', unknown: 'é"}{' })}\n${creating()}`
    const bytes = Buffer.from(text)
    for (let cut = 1; cut < bytes.length; cut++) {
      const chunks = ReadableStream.from([bytes.subarray(0, cut), bytes.subarray(cut)])
      const lines = await watch(chunks)
      expect(await lines.results(2)).toMatchObject([{ watch_id: '3' }, { created: true }])
      await lines.leave()
    }
  })

  it('may come while the answer is read', async () => {
    const body = new OpenBody()
    body.send(creating())
    const lines = await watch(body.stream)
    await lines.result()
    body.send({ cancel_request: {} })
    expect(await lines.result()).toMatchObject({ canceled: true })
    expect(edge.hub.watcherCount).toBe(0)
  })
})

describe('a malformed request', () => {
  it.each(['', '{}', 'null', '{"cancel_request":{"watch_id":1}}'])(
    'that is the first and asks for nothing is a 400, and nothing is left: %s',
    async (body) => {
      expect(await edge.post(PATH, body)).toMatchObject({ status: 400, body: { code: 3 } })
    },
  )

  const notAnObject = 'into Go value of type map[string]json.RawMessage'
  it.each([
    ['[]', `json: cannot unmarshal array ${notAnObject}`],
    ['nonsense', "invalid character 'o' in literal null (expecting 'u')"],
    ['{"create_request":5}', `json: cannot unmarshal number ${notAnObject}`],
    ['{"create_request":{}', 'unexpected EOF'],
    [
      '{"create_request":{"filters":["X"]}}',
      'unknown value "X" for enum etcdserverpb.WatchCreateRequest_FilterType',
    ],
  ])('that is the first is a 500 without a code of its own (etcd): %s', async (body, message) => {
    expect(await edge.post(PATH, body)).toEqual({
      status: 500,
      body: { error: message, code: 2, message },
    })
  })

  it('with two members of its oneof is one', async () => {
    const body = { create_request: KEY, progress_request: {} }
    expect(await edge.post(PATH, body)).toMatchObject({ status: 500, body: { code: 2 } })
  })

  it('that came together with another is an error line after the answer to that', async () => {
    const body = new OpenBody()
    body.send(creating() + '{"cancel_request":}')
    const lines = await watch(body.stream)
    // The body stays open: nothing else comes that could bring the error to light.
    expect(await lines.rest()).toMatchObject([
      { result: { created: true } },
      { error: { code: 3, message: "invalid character '}' looking for beginning of value" } },
    ])
    expect(edge.hub.watcherCount).toBe(0)
  })

  it('that asks for nothing and comes later is ignored, as in etcd', async () => {
    const body = new OpenBody()
    body.send(creating())
    const lines = await watch(body.stream)
    await lines.result()
    body.send({})
    body.send({ a_request_of_a_later_etcd: {} })
    body.send({ cancel_request: {} })
    expect(await lines.result()).toMatchObject({ canceled: true })
  })

  it.each([{ create_request: 5 }, 'nonsense '])(
    'that comes later is an error line, and ends the watches: %j',
    async (message) => {
      const body = new OpenBody()
      body.send(creating())
      const lines = await watch(body.stream)
      await lines.result()
      body.send(message)
      expect(await lines.rest()).toMatchObject([{ error: { grpc_code: 3, http_code: 400 } }])
      expect(edge.hub.watcherCount).toBe(0)
    },
  )

  it('whose text is too long is refused before it is complete', async () => {
    const body = new OpenBody()
    body.send('{"create_request":{"key":"', 'a'.repeat(1_600_000))
    const response = await edge.open(PATH, body.stream)
    expect(response.status).toBe(429)
  })
})

describe('a body that breaks off', () => {
  it('ends the watches, and is no defect', async () => {
    const body = new OpenBody()
    body.send(creating())
    const lines = await watch(body.stream)
    await lines.result()
    body.break()
    expect(await lines.rest()).toMatchObject([{ error: { code: 1 } }])
    expect(edge.hub.watcherCount).toBe(0)
  })

  it('before its first message is answered, to nobody', async () => {
    const body = new OpenBody()
    body.break()
    expect((await edge.open(PATH, body.stream)).status).toBe(499)
  })
})

describe('a client that has left', () => {
  it('gets no watch for what it still sends', async () => {
    const body = new OpenBody()
    body.send(creating())
    const lines = await watch(body.stream)
    await lines.result()
    await lines.leave()
    body.send(creating())
    await vi.waitUntil(() => body.isCancelled)
    expect(edge.hub.watcherCount).toBe(0)
  })
})

describe('a reader that does not read', () => {
  it('is not asked for more requests, so that its answers stay bounded', async () => {
    let asked = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        asked += 1
        if (asked > 20_000) controller.close()
        else controller.enqueue(Buffer.from(creating()))
      },
    })
    const lines = await watch(body)
    for (let before = -1; before !== asked;) {
      before = asked
      await settle(50)
    }
    // About 150 bytes each: a buffer of 1 MiB holds some 7,000 of them.
    expect(asked).toBeLessThan(8_000)
    const before = asked
    await lines.results(before)
    expect(asked).toBeGreaterThan(before)
  })

  it('is told each event once and in order when it reads on (catalogue 79)', async () => {
    const lines = await watch(creating({ key: 'AA==', range_end: 'AA==' }))
    await lines.result()
    const value = 'x'.repeat(100_000)
    const first = edge.node.state.revision + 1
    const writes = 40
    for (let write = 0; write < writes; write++) await put(`slow${write}`, value)
    expect(edge.hub.behindCount).toBe(1)
    const told: unknown[] = []
    while (told.length < writes) {
      const { events } = (await lines.result()) as { events: { kv: Json }[] }
      told.push(...events.map(({ kv }) => kv['mod_revision']))
    }
    expect(told).toEqual(Array.from({ length: writes }, (_, at) => String(first + at)))
    await put()
    expect(await lines.result()).toMatchObject({ events: [{ kv: KEY }] })
  })

  it('holds up neither writes nor other watches', async () => {
    const all = { key: 'AA==', range_end: 'AA==' }
    const slow = await watch(creating(all))
    const quick = await watch(creating(all))
    await slow.result()
    await quick.result()
    for (let write = 0; write < 30; write++) {
      await put(`k${write}`, 'x'.repeat(100_000))
      expect(await quick.result()).toMatchObject({ events: [{ kv: { key: base64(`k${write}`) } }] })
    }
  })
})

describe('a watch that requires a leader (etcd #10819)', () => {
  const headers = { 'Grpc-Metadata-hasleader': 'true' }

  it('ends with `no leader` when that is gone', async () => {
    const subscribe = vi.spyOn(edge.node.leaderPresence, 'subscribe')
    const body = new OpenBody()
    body.send(creating())
    const lines = await watch(body.stream, headers)
    await lines.result()
    const [onLost] = subscribe.mock.calls[0]!
    onLost()
    expect(await lines.rest()).toMatchObject([
      { error: { code: 14, message: 'etcdserver: no leader' } },
    ])
    expect(edge.hub.watcherCount).toBe(0)
    // What the client had on its way creates nothing that nobody would end.
    body.send(creating())
    await vi.waitUntil(() => body.isCancelled)
    expect(edge.hub.watcherCount).toBe(0)
  })

  it('is refused when it is gone already', async () => {
    vi.spyOn(LeaderPresence.prototype, 'isLost').mockReturnValue(true)
    expect(await edge.post(PATH, creating(), headers)).toMatchObject({
      status: 503,
      body: { code: 14, message: 'etcdserver: no leader' },
    })
    // Who does not ask for it is served.
    const lines = await watch(creating())
    expect(await lines.result()).toMatchObject({ created: true })
  })

  it('asks no more once it has ended', async () => {
    const unsubscribe = vi.fn()
    vi.spyOn(edge.node.leaderPresence, 'subscribe').mockReturnValue(unsubscribe)
    const lines = await watch(creating(), headers)
    await lines.result()
    await lines.leave()
    expect(unsubscribe).toHaveBeenCalledOnce()
  })
})

it('a defect after the first line is reported, and ends the watches', async () => {
  const body = new OpenBody()
  body.send(creating())
  const lines = await watch(body.stream)
  await lines.result()
  const defect = new TypeError('secret')
  vi.spyOn(edge.hub, 'create').mockImplementationOnce(() => {
    throw defect
  })
  body.send(creating())
  const [created, ...rest] = await lines.rest()
  expect(created).toMatchObject({ result: { created: true } })
  expect(rest).toMatchObject([{ error: { code: 13, message: 'internal error' } }])
  expect(edge.defects.splice(0)).toEqual([defect])
})
