/** `/v3/lease/keepalive`: N messages in, N lines out (etcd §8.28). */

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { NodeError } from '../../node/node-error.js'
import {
  CLUSTER_ID,
  Lines,
  MEMBER_ID,
  OpenBody,
  settle,
  startEdge,
  type Edge,
  type Json,
} from '../edge.test-support.js'

const PATH = '/v3/lease/keepalive'

let edge: Edge

beforeAll(async () => {
  edge = await startEdge()
  for (const ID of ['11', '12']) await edge.post('/v3/lease/grant', { ID, TTL: '60' })
})
afterAll(() => edge.close())
afterEach(() => {
  expect(edge.defects).toEqual([])
  vi.restoreAllMocks()
})

async function linesFor(body: string): Promise<Json[]> {
  return new Lines(await edge.open(PATH, body)).rest()
}

function header(): Json {
  return {
    cluster_id: CLUSTER_ID,
    member_id: MEMBER_ID,
    revision: String(edge.node.state.revision),
    raft_term: String(edge.node.status.term),
  }
}

const alive = (ID: string): Json => ({ result: { header: header(), ID, TTL: '60' } })
const gone = (ID: string): Json => ({ result: { header: header(), ID } })

describe('a keepalive', () => {
  it('of a lease gives its TTL', async () => {
    expect(await linesFor('{"ID":"11"}')).toEqual([alive('11')])
  })

  it('of a missing lease gives no TTL, and is no error', async () => {
    expect(await linesFor('{"ID":"5"}')).toEqual([gone('5')])
  })

  it('without an id is of a missing lease', async () => {
    const header = expect.anything() as unknown
    expect(await linesFor('{}')).toEqual([{ result: { header } }])
  })

  it('takes an id beyond 2^53 as a bare number', async () => {
    await edge.post('/v3/lease/grant', { ID: '7587862072907233033', TTL: '60' })
    const lines = await linesFor('{"ID":7587862072907233033}')
    expect(lines).toEqual([alive('7587862072907233033')])
  })

  it('renews', async () => {
    const renew = vi.spyOn(edge.node.leases, 'renew')
    await linesFor('{"ID":"11"}\n{"ID":"12"}')
    expect(renew.mock.calls.map(([id]) => id)).toEqual(['11', '12'])
  })

  it('takes its header before it renews, so that no revision is of a revocation (§8.28)', async () => {
    const { revision } = edge.node.state
    vi.spyOn(edge.node.leases, 'renew').mockImplementationOnce(async () => {
      await edge.post('/v3/kv/put', { key: 'YQ==' })
      return undefined
    })
    const [line] = await linesFor('{"ID":"11"}')
    expect(edge.node.state.revision).toBe(revision + 1)
    expect(line).toMatchObject({ result: { header: { revision: String(revision) } } })
  })
})

describe('several messages in one body', () => {
  it.each(['{"ID":"11"}{"ID":"5"}{"ID":"12"}', '{"ID":"11"}\n{"ID":"5"}\n{"ID":"12"}\n'])(
    'have a line each, in order: %s',
    async (body) => {
      expect(await linesFor(body)).toEqual([alive('11'), gone('5'), alive('12')])
    },
  )

  it('may be cut anywhere', async () => {
    const text = '{"ID":"11"}\n{"unknown":"é\\"}{","ID":12} {"ID":"5"}'
    const bytes = Buffer.from(text)
    const expected = [alive('11'), alive('12'), gone('5')]
    for (let cut = 1; cut < bytes.length; cut++) {
      const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)]
      const stream = ReadableStream.from(chunks)
      expect(await new Lines(await edge.open(PATH, stream)).rest()).toEqual(expected)
    }
    const single = ReadableStream.from([...bytes].map((byte) => Uint8Array.of(byte)))
    expect(await new Lines(await edge.open(PATH, single)).rest()).toEqual(expected)
  })

  it('are answered as they come; the end of the body ends the answer', async () => {
    const body = new OpenBody()
    body.send({ ID: '11' })
    const lines = new Lines(await edge.open(PATH, body.stream))
    expect(await lines.next()).toEqual(alive('11'))
    body.send({ ID: '12' })
    expect(await lines.next()).toEqual(alive('12'))
    body.end()
    expect(await lines.next()).toBeUndefined()
  })

  it('an empty body has no line', async () => {
    expect(await linesFor('')).toEqual([])
  })
})

describe('a malformed message', () => {
  it.each([
    ['{"ID":', 'unexpected EOF'],
    ['nonsense', "invalid character 'o' in literal null (expecting 'u')"],
    ['{"ID":"x"}', "invalid character 'x' looking for beginning of value"],
    ['[]', 'json: cannot unmarshal array into Go value of type map[string]json.RawMessage'],
    ['{"ID":1.5}', 'json: cannot unmarshal number 1.5 into Go value of type int64'],
    ['\uFEFF{}', "invalid character 'ï' looking for beginning of value"],
  ])('that is the first is a 500 without a code of its own (etcd): %s', async (body, message) => {
    expect(await edge.post(PATH, body)).toEqual({
      status: 500,
      body: { error: message, code: 2, message },
    })
  })

  it('that came together with another is an error line after the answer to that', async () => {
    const body = new OpenBody()
    body.send('{"ID":"11"}{"ID":}')
    const lines = new Lines(await edge.open(PATH, body.stream))
    // The body stays open: nothing else comes that could bring the error to light.
    expect(await lines.rest()).toMatchObject([
      alive('11'),
      { error: { code: 3, message: "invalid character '}' looking for beginning of value" } },
    ])
  })

  it.each([{ ID: 'x' }, '{"ID":', 'nonsense '])(
    'that comes later is an error line, after which nothing is done: %j',
    async (message) => {
      const body = new OpenBody()
      body.send({ ID: '11' })
      const lines = new Lines(await edge.open(PATH, body.stream))
      expect(await lines.next()).toEqual(alive('11'))
      const renew = vi.spyOn(edge.node.leases, 'renew')
      body.send(message)
      if (typeof message === 'string') body.end()
      else body.send({ ID: '12' })
      const [line, ...more] = await lines.rest()
      expect(line).toMatchObject({
        error: { grpc_code: 3, http_code: 400, http_status: 'Bad Request', code: 3 },
      })
      expect(more).toEqual([])
      expect(renew).not.toHaveBeenCalled()
    },
  )

  it('may be too long: it is refused before it is complete', async () => {
    const body = new OpenBody()
    body.send('{"ID":"', '1'.repeat(1_600_000))
    const response = await edge.open(PATH, body.stream)
    expect(response.status).toBe(429)
    expect(await response.json()).toMatchObject({ code: 8 })
  })
})

it('a renewal that fails is an error line, in the words of the wire', async () => {
  const body = new OpenBody()
  body.send({ ID: '11' })
  const lines = new Lines(await edge.open(PATH, body.stream))
  await lines.next()
  vi.spyOn(edge.node.leases, 'renew').mockRejectedValueOnce(new NodeError('timeout', 'unknown'))
  body.send({ ID: '11' })
  expect(await lines.rest()).toMatchObject([
    { error: { code: 14, message: 'etcdserver: request timed out' } },
  ])
})

it('a defect after the first line is reported, and told without details', async () => {
  const body = new OpenBody()
  body.send({ ID: '11' })
  const lines = new Lines(await edge.open(PATH, body.stream))
  await lines.next()
  const defect = new TypeError('secret')
  vi.spyOn(edge.node.leases, 'renew').mockRejectedValueOnce(defect)
  body.send({ ID: '11' })
  expect(await lines.rest()).toMatchObject([{ error: { code: 13, message: 'internal error' } }])
  expect(edge.defects.splice(0)).toEqual([defect])
})

it('a body that breaks off ends the stream, and is no defect', async () => {
  const body = new OpenBody()
  body.send({ ID: '11' })
  const lines = new Lines(await edge.open(PATH, body.stream))
  await lines.next()
  body.break()
  expect(await lines.rest()).toMatchObject([{ error: { code: 1 } }])
})

it('a client that does not read its answers is not asked for more questions (catalogue 61)', async () => {
  const renew = vi.spyOn(edge.node.leases, 'renew').mockResolvedValue(60)
  const questions = 40_000
  let asked = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      asked += 1
      if (asked > questions) controller.close()
      else controller.enqueue(Buffer.from('{"ID":"11"}\n'))
    },
  })
  const response = await edge.open(PATH, body)
  for (let before = -1; before !== asked;) {
    before = asked
    await settle(50)
  }
  // About 150 bytes each: a buffer of 1 MiB holds some 7,000 answers.
  expect(asked).toBeLessThan(12_000)
  const lines = new Lines(response)
  for (let read = 0; read < questions; read++) await lines.result()
  expect(await lines.next()).toBeUndefined()
  expect(renew).toHaveBeenCalledTimes(questions)
})

it('a client that has left is not answered any more', async () => {
  const body = new OpenBody()
  body.send({ ID: '11' })
  const lines = new Lines(await edge.open(PATH, body.stream))
  await lines.next()
  await lines.leave()
  body.send({ ID: '11' })
  await vi.waitUntil(() => body.isCancelled)
})
