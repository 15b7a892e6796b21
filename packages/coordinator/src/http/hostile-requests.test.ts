/**
 * Requests that nobody should send (catalogue 86–88, 90): whatever comes, the answer is never a
 * 500, nothing is reported as a defect, and a refused request has changed nothing. Only where etcd has
 * it so, what is refused is a 500 without a code of its own: of streams a first message that cannot be
 * read, and of locks and elections what the store refuses.
 */

import { limits, routes } from '@holdfast/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { base64, startEdge, type Edge, type Json } from './edge.test-support.js'

let edge: Edge
/** No other request comes upon it by a small change. */
const LEASE = '7000000000000007'

beforeAll(async () => {
  edge = await startEdge()
  await edge.post('/v3/lease/grant', { ID: LEASE, TTL: '600' })
  for (const key of ['a', 'b']) await edge.post('/v3/kv/put', { key: base64(key), lease: LEASE })
  await edge.post('/v3/election/campaign', { name: base64('vote'), lease: LEASE })
})
afterAll(async () => {
  expect(Object.keys(Object.prototype)).toEqual([])
  await edge.close()
})

const MAY_HAVE_NO_CODE = /^\/v3\/(?:watch|lease\/keepalive|lock\/.*|election\/.*)$/
const NO_CODE = 2
/** Who observes an election that nobody has won waits for the first line. */
const PATIENCE = { '/v3/election/observe': { 'grpc-timeout': '20m' } } as Readonly<
  Record<string, Record<string, string>>
>
const DEADLINE_EXCEEDED = 4

/** The status, after what must hold of every answer was checked. */
async function statusOf(path: string, body: string): Promise<number> {
  const before = edge.fingerprint()
  const response = await edge.open(path, body, PATIENCE[path])
  const { status } = response
  if (status === 200) {
    await drain(response)
    await tidy()
  } else {
    const error = (await response.json()) as Json
    expect(error).toEqual({
      error: expect.any(String) as unknown,
      code: expect.any(Number) as unknown,
      message: error['error'],
    })
    if (!isOfEtcd(path, error['code'])) expect(status).toBeLessThan(500)
    // As etcd does: its lease is granted before it is seen who leads.
    if (path === '/v3/election/proclaim' && error['code'] === NO_CODE) await tidy()
    expect(edge.fingerprint()).toEqual(before)
  }
  expect(edge.defects).toEqual([])
  return status
}

/** A watch has no end, but its first line tells that it was served. */
async function drain(response: Response): Promise<void> {
  const reader = response.body!.getReader()
  await reader.read()
  await reader.cancel()
}

/** Of a status from 500 on. */
function isOfEtcd(path: string, code: unknown): boolean {
  if (path in PATIENCE && code === DEADLINE_EXCEEDED) return true
  return MAY_HAVE_NO_CODE.test(path) && code === NO_CODE
}

/**
 * A short lease that was granted here would expire in the middle of another request, a lock be waited for,
 * and an alarm keep others from being served.
 */
async function tidy(): Promise<void> {
  for (const { id } of edge.node.state.leases()) {
    if (id !== LEASE) await edge.post('/v3/lease/revoke', { ID: id })
  }
  for (const { memberId, type } of edge.node.state.alarms()) {
    const raised = { action: 'DEACTIVATE', memberID: memberId, alarm: type }
    await edge.post('/v3/maintenance/alarm', raised)
  }
}

const A = base64('a')
/** No small change makes a URL of it that may be called: a voter that is not there stops the cluster. */
const NO_PEER = 'ftp://nobody.invalid/a/path/that/no/peer/has'
const leader = { name: base64('vote'), key: base64('vote/1'), rev: '3', lease: LEASE }
const valid: Readonly<Record<string, Json>> = {
  '/v3/kv/range': {
    key: A,
    range_end: base64('b'),
    limit: '5',
    revision: '0',
    sort_order: 'DESCEND',
    sort_target: 'MOD',
    serializable: true,
    keys_only: true,
    count_only: false,
    min_mod_revision: '0',
    max_mod_revision: 9,
  },
  '/v3/kv/put': { key: A, value: base64('v'), lease: LEASE, prev_kv: true, ignore_lease: false },
  '/v3/kv/deleterange': { key: base64('zz'), range_end: base64('zzz'), prev_kv: true },
  '/v3/kv/txn': {
    compare: [{ key: A, target: 'LEASE', result: 'NOT_EQUAL', lease: LEASE, range_end: 'AA==' }],
    success: [
      { request_put: { key: A, ignore_value: true } },
      { request_txn: { success: [{ request_range: { key: A } }], failure: [] } },
    ],
    failure: [{ request_delete_range: { key: base64('b'), prev_kv: true } }],
  },
  '/v3/kv/compaction': { revision: '-5', physical: true },
  '/v3/lease/grant': { TTL: '60', ID: '80' },
  '/v3/lease/revoke': { ID: '8' },
  '/v3/lease/timetolive': { ID: LEASE, keys: true },
  '/v3/lease/leases': {},
  '/v3/lease/keepalive': { ID: LEASE },
  '/v3/cluster/member/list': { linearizable: true },
  '/v3/cluster/member/add': { peerURLs: [NO_PEER], isLearner: true },
  '/v3/cluster/member/remove': { ID: '80' },
  '/v3/cluster/member/update': { ID: '80', peerURLs: [NO_PEER] },
  '/v3/cluster/member/promote': { ID: '80' },
  '/v3/maintenance/transfer-leadership': { targetID: '80' },
  '/v3/maintenance/status': {},
  '/v3/maintenance/alarm': { action: 'GET', memberID: '80', alarm: 'NOSPACE' },
  '/v3/maintenance/defragment': {},
  '/v3/maintenance/hash': {},
  '/v3/maintenance/hashkv': { revision: '0' },
  '/v3/maintenance/snapshot': {},
  '/v3/maintenance/downgrade': { action: 'VALIDATE', version: '3.5.0' },
  // With leases of their own, which end when they were served, so that nobody waits for another.
  '/v3/lock/lock': { name: base64('lock'), lease: '0' },
  '/v3/lock/unlock': { key: base64('lock/1') },
  '/v3/election/campaign': { name: base64('seat'), lease: '0', value: base64('v') },
  '/v3/election/proclaim': { leader, value: base64('w') },
  '/v3/election/leader': { name: base64('vote') },
  '/v3/election/observe': { name: base64('vote') },
  '/v3/election/resign': { leader },
  '/v3/watch': {
    create_request: {
      key: A,
      range_end: 'AA==',
      start_revision: 2,
      filters: ['NOPUT'],
      watch_id: 3,
    },
  },
}
const path = fc.constantFrom(...Object.keys(valid))

const strangeNumbers = ['1e400', '-1e400', '1e308', '1.5', '-0', '0.0', '1e2', '9007199254740993']
const hugeNumbers = ['9223372036854775807', '9223372036854775808', '-9223372036854775809']
const strangeValue = fc.oneof(
  fc.constantFrom(
    ...strangeNumbers,
    ...hugeNumbers,
    '9'.repeat(400),
    'NaN',
    'Infinity',
    '0x1',
    '01',
  ),
  fc.constantFrom('null', 'true', '{}', '[]', '[null]', '[{}]', '""', '"\\u0000"', '"\\ud800"'),
  fc.constantFrom('"AA=="', '"A"', '"?"', '"YQ"', '"Y Q=="', '"-_"', '"\\uFEFF"', '"é"', '"1"'),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)),
)
const strangeName = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then'),
  fc.constantFrom('key', 'rangeEnd', 'range_end', 'success', 'compare', 'request_txn', 'ID', 'id'),
  fc.string(),
)

/** Replaces what `at` points to, in the text, by another value. */
const mutatedText = path.chain((one) => {
  const text = JSON.stringify(valid[one])
  const position = fc.nat(text.length)
  const cut = fc
    .tuple(position, fc.nat(4), fc.string({ unit: 'binary', maxLength: 4 }))
    .map(([at, length, inserted]) => text.slice(0, at) + inserted + text.slice(at + length))
  const values = [...text.matchAll(/"[^"]*"(?!:)|\d+|true|false/g)]
  const replaced = fc
    .tuple(fc.nat(Math.max(0, values.length - 1)), strangeValue)
    .map(([nth, by]) => {
      const { index, 0: old } = values[nth] ?? { index: 0, 0: text }
      return text.slice(0, index) + by + text.slice(index + old.length)
    })
  const added = fc
    .tuple(strangeName, strangeValue)
    .map(([name, value]) => `{${JSON.stringify(name)}:${value},${text.slice(1)}`)
  return fc.record({ path: fc.constant(one), body: fc.oneof(cut, replaced, added) })
})

const RUNS = 600
const ENOUGH_MS = 4_000

/**
 * On a busy machine there are fewer runs: those that come late are passed over. fast-check would
 * interrupt the last of them, and what it had begun would go on beside the next test.
 */
async function areServedOrRefused(
  requests: fc.Arbitrary<{ readonly path: string; readonly body: string }>,
  numRuns = RUNS,
): Promise<void> {
  const endMs = performance.now() + ENOUGH_MS
  const property = fc.asyncProperty(requests, async (request) => {
    if (performance.now() < endMs) await statusOf(request.path, request.body)
  })
  await fc.assert(property, { numRuns })
}

describe('never a 500, never a change by what was refused', () => {
  it('on any path of the wire', () => {
    const paths = Object.values(routes).map(({ path: one }) => `/v3${one}`)
    expect(Object.keys(valid).sort()).toEqual(paths.sort())
  })

  it.each(Object.keys(valid))('for the valid %s', async (one) => {
    await statusOf(one, JSON.stringify(valid[one]))
  })

  it('for any JSON at all', async () => {
    await areServedOrRefused(fc.record({ path, body: fc.json({ maxDepth: 4 }) }))
  })

  it('for any text at all', async () => {
    await areServedOrRefused(fc.record({ path, body: fc.string({ unit: 'binary' }) }))
  })

  it('for any object of known and unknown names with strange values', async () => {
    const names = fc.constantFrom(...Object.values(valid).flatMap((one) => Object.keys(one)))
    const field = fc.tuple(fc.oneof(names, strangeName), strangeValue)
    const body = fc
      .array(field, { maxLength: 5 })
      .map((fields) => `{${fields.map(([name, by]) => `${JSON.stringify(name)}:${by}`).join()}}`)
    await areServedOrRefused(fc.record({ path, body }))
  })

  it('for any small change of a valid request', async () => {
    await areServedOrRefused(mutatedText, 1_500)
  })
})

const refused: readonly (readonly [string, string])[] = [
  ['a byte order mark', '\uFEFF{"key":"YQ=="}'],
  ['a NUL before it', '\0{"key":"YQ=="}'],
  ['NaN', '{"key":"YQ==","lease":NaN}'],
  ['a number that is infinite', '{"key":"YQ==","lease":1e400}'],
  ['a fraction', '{"key":"YQ==","lease":1.5}'],
  ['an integer above int64', '{"key":"YQ==","lease":"9223372036854775808"}'],
  ['the same, bare', '{"key":"YQ==","lease":9223372036854775808}'],
  ['one of 100,000 digits', `{"key":"YQ==","lease":${'9'.repeat(100_000)}}`],
  ['single quotes', "{'key':'YQ=='}"],
  ['a comment', '{"key":"YQ=="/**/}'],
  ['a comma too many', '{"key":"YQ==",}'],
  ['an array', '[{"key":"YQ=="}]'],
  ['a text', '"key"'],
  ['a key that is a number', '{"key":5}'],
  ['a key that is not base64', '{"key":"!"}'],
  ['base64 with a space in it', '{"key":"Y Q=="}'],
  ['base64 that is cut off', '{"key":"Y"}'],
  ['base64 with too much padding', '{"key":"YQ==="}'],
  ['a key in both spellings', '{"key":"YQ==","prev_kv":true,"prevKv":true}'],
  ['a field of the prototype', '{"__proto__":{"key":"YQ=="}}'],
  ['one of its constructor', '{"constructor":{"prototype":{"key":"YQ=="}}}'],
  ['nesting of 10,000 levels', `{"key":"YQ==","x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ['nesting that never ends', '['.repeat(100_000)],
  ['a body that is cut off', '{"key":"YQ=="'],
]

describe('a put', () => {
  it.each(refused)('with %s is a 400', async (_, body) => {
    expect(await statusOf('/v3/kv/put', body)).toBe(400)
  })

  it.each([
    ['unknown fields', '{"key":"YQ==","unknown":[{"a":1}]}'],
    ['names of the prototype beside its own', '{"__proto__":1,"toString":2,"key":"YQ=="}'],
    ['what follows the first value', '{"key":"YQ=="} trailing garbage'],
    ['null for a default', '{"key":"YQ==","value":null,"lease":null}'],
    ['base64 that is URL-safe and unpadded', '{"key":"_-8"}'],
    ['line breaks inside of base64', '{"key":"YQ\\r\\n=="}'],
    ['the largest id, bare', '{"key":"YQ==","lease":0}'],
    ['NUL in a key', '{"key":"AAAA"}'],
    ['a name in escapes', '{"\\u006bey":"YQ=="}'],
  ])('with %s is served', async (_, body) => {
    expect(await statusOf('/v3/kv/put', body)).toBe(200)
  })

  it('stores under exactly the bytes that were given, whatever they are (catalogue 69)', async () => {
    const anyKey = fc.uint8Array({ minLength: 1, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(anyKey, fc.uint8Array({ maxLength: 20 }), async (key, value) => {
        const request = {
          key: Buffer.from(key).toString('base64'),
          value: Buffer.from(value).toString('base64'),
        }
        await edge.post('/v3/kv/put', request)
        const { body } = await edge.post('/v3/kv/range', { key: request.key })
        const [kv] = body['kvs'] as [Json]
        expect([kv['key'], kv['value'] ?? '']).toEqual([request.key, request.value])
      }),
      { numRuns: 100 },
    )
  })
})

describe('a transaction', () => {
  const nestedTxn = (levels: number, inner: Json): Json => {
    let op = inner
    for (let level = 0; level < levels; level++) op = { request_txn: { success: [op] } }
    return { success: [op] }
  }
  const read = { request_range: { key: A } }

  it('may be nested 20 times, and not 200', async () => {
    expect(await statusOf('/v3/kv/txn', JSON.stringify(nestedTxn(20, read)))).toBe(200)
    expect(await statusOf('/v3/kv/txn', JSON.stringify(nestedTxn(200, read)))).toBe(400)
  })

  it('of very many small operations is refused or served, but never crashes', async () => {
    const leaf = { requestPut: { key: 'YQ' } }
    const wide = (depth: number): Json =>
      depth === 0
        ? leaf
        : { requestTxn: { failure: Array.from({ length: 30 }, () => wide(depth - 1)) } }
    const body = JSON.stringify({ success: Array.from({ length: 30 }, () => wide(2)) })
    expect(await statusOf('/v3/kv/txn', body)).toBe(400)
  })

  it('whose mistake stands last changes nothing', async () => {
    const success = [
      ...Array.from({ length: 20 }, (_, at) => ({ request_put: { key: base64(`t${at}`) } })),
      {},
    ]
    expect(await statusOf('/v3/kv/txn', JSON.stringify({ success }))).toBe(400)
  })

  it('that the state refuses changes nothing', async () => {
    for (const last of [
      { key: A, lease: '999' },
      { key: base64('none'), ignore_value: true },
    ]) {
      const success = [{ request_put: { key: base64('t') } }, { request_put: last }]
      expect(await statusOf('/v3/kv/txn', JSON.stringify({ success }))).toBeGreaterThanOrEqual(400)
    }
  })
})

it('a request may be as large as etcd allows, and not larger', async () => {
  const valueOf = (bytes: number): string =>
    JSON.stringify({ key: A, value: Buffer.alloc(bytes).toString('base64') })
  expect(await statusOf('/v3/kv/put', valueOf(limits.maxRequestBytes - 1))).toBe(200)
  expect(await statusOf('/v3/kv/put', valueOf(limits.maxRequestBytes))).toBe(400)
  expect(await statusOf('/v3/kv/put', valueOf(limits.maxRequestBytes * 2))).toBe(429)
  await edge.post('/v3/kv/put', { key: A })
})
