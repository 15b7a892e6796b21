/** What operators ask of a member: alarms, hashes, copies, and how it fares (etcd §8.40). */

import { createHash } from 'node:crypto'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest'
import { base64, Lines, MEMBER_ID, startEdge, type Edge, type Json } from '../edge.test-support.js'

let edge: Edge

beforeAll(async () => {
  edge = await startEdge()
})
afterAll(() => edge.close())
afterEach(() => {
  vi.restoreAllMocks()
  expect(edge.defects).toEqual([])
})

const NO_SPACE = { memberID: MEMBER_ID, alarm: 'NOSPACE' }
const CORRUPT = { memberID: MEMBER_ID, alarm: 'CORRUPT' }
const change = (action: string, alarm: Json): ReturnType<Edge['post']> =>
  edge.post('/v3/maintenance/alarm', { action, ...alarm })
const put = (key = 'a'): ReturnType<Edge['post']> =>
  edge.post('/v3/kv/put', { key: base64(key), value: base64('x') })
const FULL = {
  status: 429,
  body: { code: 8, message: 'etcdserver: mvcc: database space exceeded' },
}

describe('an alarm', () => {
  it('is raised once, is told, and is taken back once', async () => {
    expect((await change('ACTIVATE', NO_SPACE)).body).toEqual({ alarms: [NO_SPACE] })
    expect((await change('ACTIVATE', NO_SPACE)).body).toEqual({ alarms: [NO_SPACE] })
    expect((await change('GET', {})).body).toEqual({ alarms: [NO_SPACE] })
    expect((await change('GET', { alarm: 'CORRUPT' })).body).toEqual({})
    expect((await change('DEACTIVATE', NO_SPACE)).body).toEqual({ alarms: [NO_SPACE] })
    expect((await change('DEACTIVATE', NO_SPACE)).body).toEqual({})
    expect((await change('GET', {})).body).toEqual({})
  })

  it('uses no revision', async () => {
    const { revision } = edge.node.state
    await change('ACTIVATE', NO_SPACE)
    await change('DEACTIVATE', NO_SPACE)
    expect(edge.node.state.revision).toBe(revision)
  })

  it('is told by the status, as etcd prints it', async () => {
    await change('ACTIVATE', NO_SPACE)
    const { body } = await edge.post('/v3/maintenance/status')
    await change('DEACTIVATE', NO_SPACE)
    expect(body['errors']).toEqual([`memberID:${MEMBER_ID} alarm:NOSPACE `])
  })
})

it('the status tells that the disk is nearly full, which is no alarm of the cluster', async () => {
  const isShort = vi.spyOn(edge.node, 'isShortOfSpace', 'get').mockReturnValue(true)
  const { body } = await edge.post('/v3/maintenance/status')
  isShort.mockRestore()
  expect(body['errors']).toEqual(['the disk is nearly full'])
})

describe('without space', () => {
  beforeEach(async () => {
    await edge.post('/v3/lease/grant', { ID: '7', TTL: '600' })
    await put()
    await change('ACTIVATE', NO_SPACE)
  })
  afterEach(() => change('DEACTIVATE', NO_SPACE))

  const operation = { request_put: { key: base64('a') } }

  it.each<[string, string, Json]>([
    ['a put', '/v3/kv/put', { key: base64('a') }],
    ['a lease', '/v3/lease/grant', { TTL: '60' }],
    ['a transaction that puts', '/v3/kv/txn', { success: [operation] }],
    ['one that may put', '/v3/kv/txn', { failure: [operation] }],
    [
      'one that puts in its depth',
      '/v3/kv/txn',
      { success: [{ request_txn: { success: [operation] } }] },
    ],
  ])('%s is refused', async (_, path, body) => {
    const { revision } = edge.node.state
    expect(await edge.post(path, body)).toMatchObject(FULL)
    expect(edge.node.state.revision).toBe(revision)
  })

  it.each<[string, string, Json]>([
    ['a range', '/v3/kv/range', { key: base64('a') }],
    ['a delete', '/v3/kv/deleterange', { key: base64('a') }],
    [
      'a transaction that deletes',
      '/v3/kv/txn',
      { success: [{ request_delete_range: { key: base64('a') } }] },
    ],
    ['the end of a lease', '/v3/lease/revoke', { ID: '7' }],
  ])('%s is not', async (_, path, body) => {
    expect((await edge.post(path, body)).status).toBe(200)
  })

  it('a compaction is not', async () => {
    const revision = edge.node.state.revision
    expect((await edge.post('/v3/kv/compaction', { revision: String(revision) })).status).toBe(200)
  })

  it('health is bad, unless that does not count', async () => {
    const health = await edge.app.request('/health')
    expect(health.status).toBe(503)
    expect(await health.json()).toEqual({ health: 'false', reason: 'ALARM NOSPACE' })
    expect((await edge.app.request('/health?exclude=NOSPACE')).status).toBe(200)
    expect((await edge.app.request('/readyz')).status).toBe(200)
  })
})

describe('a corrupt store', () => {
  beforeEach(() => change('ACTIVATE', CORRUPT))
  afterEach(() => change('DEACTIVATE', CORRUPT))

  it.each<[string, string, Json]>([
    ['a put', '/v3/kv/put', { key: base64('a') }],
    ['a delete', '/v3/kv/deleterange', { key: base64('a') }],
    ['a lease', '/v3/lease/grant', { TTL: '60' }],
    ['the end of a lease', '/v3/lease/revoke', { ID: '7' }],
    ['a compaction', '/v3/kv/compaction', { revision: '1' }],
  ])('refuses %s', async (_, path, body) => {
    expect(await edge.post(path, body)).toMatchObject({
      status: 500,
      body: { code: 15, message: 'etcdserver: corrupt cluster' },
    })
  })

  it('is read all the same, as in etcd', async () => {
    expect((await edge.post('/v3/kv/range', { key: base64('a') })).status).toBe(200)
  })

  it('is not ready', async () => {
    const ready = await edge.app.request('/readyz')
    expect(ready.status).toBe(503)
    expect(await ready.text()).toContain('[-]data_corruption failed: alarm activated: CORRUPT')
    expect((await edge.app.request('/readyz?exclude=data_corruption')).status).toBe(200)
    expect((await edge.app.request('/livez')).status).toBe(200)
  })
})

describe('the quota', () => {
  async function edgeWith(quotaBytes: number): Promise<Edge> {
    const small = await startEdge({ quotaBytes })
    onTestFinished(() => small.close())
    return small
  }

  it('raises an alarm when it would be exceeded, which room and taking it back end', async () => {
    const small = await edgeWith(400_000)
    const value = Buffer.alloc(50_000).toString('base64')
    const fill = (key: string): ReturnType<Edge['post']> =>
      small.post('/v3/kv/put', { key: base64(key), value })
    let count = 0
    while ((await fill(`k${count}`)).status === 200) count += 1
    expect(count).toBeGreaterThan(3)
    expect(await fill('one more')).toMatchObject(FULL)
    expect((await small.post('/v3/maintenance/alarm', {})).body).toEqual({ alarms: [NO_SPACE] })
    const deleted = await small.post('/v3/kv/deleterange', {
      key: base64('k'),
      range_end: base64('l'),
    })
    expect(deleted.body['deleted']).toBe(String(count))
    const revision = String(small.node.state.revision)
    await small.post('/v3/kv/compaction', { revision, physical: true })
    expect(await fill('still')).toMatchObject(FULL)
    await small.post('/v3/maintenance/alarm', { action: 'DEACTIVATE', ...NO_SPACE })
    expect((await fill('again')).status).toBe(200)
  })

  it('is of what clients keep there, and not of outcomes that are remembered for their retries', async () => {
    const small = await edgeWith(400_000)
    const value = Buffer.alloc(30_000).toString('base64')
    for (let count = 0; count < 40; count += 1) {
      // Each remembers the value that it replaces.
      const asked = { key: base64('one'), value, prev_kv: true }
      const put = await small.post('/v3/kv/put', asked, { 'idempotency-key': `1-putting-${count}` })
      expect(put.status).toBe(200)
      const revision = String(small.node.state.revision)
      await small.post('/v3/kv/compaction', { revision, physical: true })
    }
    expect(small.node.state.usedBytes).toBeGreaterThan(1_000_000)
    expect((await small.post('/v3/maintenance/alarm', {})).body).toEqual({})
  })

  it('is told by the status', async () => {
    const { body } = await (await edgeWith(1_000_000)).post('/v3/maintenance/status')
    expect(body['dbSizeQuota']).toBe('1000000')
    expect((await edge.post('/v3/maintenance/status')).body['dbSizeQuota']).toBeUndefined()
  })
})

describe('the hash of the keys', () => {
  const hashKv = (revision = '0'): ReturnType<Edge['post']> =>
    edge.post('/v3/maintenance/hashkv', { revision })

  it('is of one revision, whatever comes later', async () => {
    await put('h')
    const revision = String(edge.node.state.revision)
    const { body: now } = await hashKv()
    await put('h')
    const { body: then } = await hashKv(revision)
    expect(then['hash']).toBe(now['hash'])
    expect(then).toMatchObject({ hash_revision: revision })
    expect((await hashKv()).body['hash']).not.toBe(now['hash'])
  })

  it('is refused for what is to come, and what is compacted', async () => {
    await put('h')
    const { revision } = edge.node.state
    expect((await hashKv(String(revision + 1))).body).toMatchObject({ code: 11 })
    await edge.post('/v3/kv/compaction', { revision: String(revision) })
    expect((await hashKv(String(revision))).body).toMatchObject({ code: 11 })
  })

  it('of everything has leases in it', async () => {
    const before = await edge.post('/v3/maintenance/hash')
    await edge.post('/v3/lease/grant', { ID: '77', TTL: '60' })
    const after = await edge.post('/v3/maintenance/hash')
    expect(after.body['hash']).not.toBe(before.body['hash'])
    expect(after.body['hash']).toEqual(expect.any(Number))
  })
})

describe('a copy', () => {
  it('comes in pieces, and at its end the sum of them', async () => {
    await put('copied')
    const lines = new Lines(await edge.open('/v3/maintenance/snapshot', '{}'))
    const results = (await lines.rest()).map((line) => line['result'] as Json)
    const blobs = results.map(({ blob }) => Buffer.from(blob as string, 'base64'))
    const copy = Buffer.concat(blobs.slice(0, -1))
    expect(copy.subarray(0, 15).toString()).toBe('SQLite format 3')
    expect(blobs.at(-1)).toEqual(createHash('sha256').update(copy).digest())
    const left = results.map((result) => Number(result['remaining_bytes'] ?? 0))
    expect(left[0]).toBe(copy.byteLength - blobs[0]!.byteLength)
    expect(left.slice(-2)).toEqual([0, 0])
  })
})

describe('a copy that nobody waits for any more', () => {
  it('is given back as soon as it is made', async () => {
    const { takeBackup } = edge.context
    let ready = (): void => undefined
    let released = 0
    const made = new Promise<void>((resolve) => (ready = resolve))
    vi.spyOn(edge.context, 'takeBackup').mockImplementation(async () => {
      await made
      const backup = await takeBackup()
      if (typeof backup === 'string') return backup
      const release = async (): Promise<void> => {
        await backup.release()
        released += 1
      }
      return { ...backup, release }
    })
    const headers = { 'grpc-timeout': '10m' }
    expect(await edge.post('/v3/maintenance/snapshot', {}, headers)).toMatchObject({
      status: 504,
    })
    expect(released).toBe(0)
    ready()
    await vi.waitFor(() => expect(released).toBe(1))
  })

  it.each([
    ['tooMany', 429, 'etcdserver: too many requests'],
    ['noRoom', 429, 'etcdserver: mvcc: database space exceeded'],
    ['closed', 503, 'etcdserver: server stopped'],
  ] as const)('is refused, and no defect: %s', async (refusal, status, message) => {
    vi.spyOn(edge.context, 'takeBackup').mockResolvedValue(refusal)
    expect(await edge.post('/v3/maintenance/snapshot')).toMatchObject({
      status,
      body: { message },
    })
  })
})

describe('defragmentation', () => {
  it('answers nothing when what compactions have freed is given back', async () => {
    const value = Buffer.alloc(50_000).toString('base64')
    for (let at = 0; at < 40; at += 1) {
      await edge.post('/v3/kv/put', { key: base64('fragment'), value })
    }
    await edge.post('/v3/kv/compaction', { revision: edge.node.state.revision, physical: true })
    const { sizeBytes, usedBytes } = edge.node.state
    expect(sizeBytes).toBeGreaterThan(usedBytes + 1_000_000)
    expect(await edge.post('/v3/maintenance/defragment')).toEqual({ status: 200, body: {} })
    expect(edge.node.state.sizeBytes).toBe(edge.node.state.usedBytes)
    const { body } = await edge.post('/v3/kv/range', { key: base64('fragment') })
    expect(body['count']).toBe('1')
  })
})

describe('a downgrade', () => {
  it.each<[Json, string]>([
    [{ action: 'VALIDATE', version: '3.5' }, 'invalid downgrade target version'],
    [{ action: 'ENABLE', version: '3.5.0' }, 'invalid downgrade target version'],
    [{ action: 'VALIDATE', version: 'old' }, 'wrong downgrade target version format'],
    [{ version: '' }, 'wrong downgrade target version format'],
    [{ action: 'CANCEL' }, 'no inflight downgrade job'],
  ])('is refused: %j', async (body, message) => {
    expect(await edge.post('/v3/maintenance/downgrade', body)).toMatchObject({
      status: 400,
      body: { message: `etcdserver: ${message}` },
    })
  })
})
