/** `/v3/kv` and `/v3/lease` through the edge: what is read where, and what is said of the outcome. */

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { NodeError } from '../../node/node-error.js'
import { base64, startEdge, type Edge, type Json } from '../edge.test-support.js'

let edge: Edge

beforeAll(async () => {
  edge = await startEdge()
  await edge.post('/v3/kv/put', { key: base64('a'), value: base64('1') })
})
afterAll(async () => {
  expect(edge.defects).toEqual([])
  await edge.close()
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** As on a member that is cut off from its leader. */
function cutOff(): void {
  vi.spyOn(edge.node, 'readBarrier').mockRejectedValue(new NodeError('noLeader', 'not-applied'))
}

const A = base64('a')
const range = (more: Json = {}): Json => ({ request_range: { key: A, ...more } })
const SERIALIZABLE = range({ serializable: true })

describe('a member that is cut off', () => {
  it.each<[string, string, Json]>([
    ['a range', '/v3/kv/range', { key: A }],
    ['a transaction that reads', '/v3/kv/txn', { success: [range()] }],
    ['one of which a part is not serializable', '/v3/kv/txn', { success: [SERIALIZABLE, range()] }],
    ['the same, in failure', '/v3/kv/txn', { success: [SERIALIZABLE], failure: [range()] }],
    ['a transaction that only compares', '/v3/kv/txn', { compare: [{ key: A, version: '1' }] }],
    ['an empty transaction', '/v3/kv/txn', {}],
  ])('does not answer %s', async (_, path, body) => {
    expect((await edge.post(path, body)).status).toBe(200)
    cutOff()
    expect(await edge.post(path, body)).toMatchObject({
      status: 503,
      body: { code: 14, message: 'etcdserver: no leader' },
    })
  })

  it.each<[string, string, Json]>([
    ['a serializable range', '/v3/kv/range', { key: A, serializable: true }],
    ['a transaction of such', '/v3/kv/txn', { success: [SERIALIZABLE], failure: [SERIALIZABLE] }],
  ])('answers %s (§8.12, §8.23)', async (_, path, body) => {
    cutOff()
    expect((await edge.post(path, body)).status).toBe(200)
  })
})

describe('the log', () => {
  it.each<[string, Json, number]>([
    ['has no place for a transaction that reads', { success: [range()] }, 0],
    ['nor for one that only compares', { compare: [{ key: A }] }, 0],
    ['has one for a transaction that writes', { success: [{ request_put: { key: A } }] }, 1],
    ['or might', { success: [range()], failure: [{ request_put: { key: A } }] }, 1],
    [
      'has one for a nested one, even if it only reads (§8.23)',
      { success: [{ request_txn: { success: [range()] } }] },
      1,
    ],
  ])('%s', async (_, body, proposals) => {
    const propose = vi.spyOn(edge.node, 'propose')
    expect((await edge.post('/v3/kv/txn', body)).status).toBe(200)
    expect(propose).toHaveBeenCalledTimes(proposals)
  })

  it('waits for the cluster as long as etcd does: 5 s and two elections', async () => {
    const propose = vi.spyOn(edge.node, 'propose')
    await edge.post('/v3/kv/put', { key: A })
    expect(propose).toHaveBeenCalledWith(expect.anything(), {
      timeoutMs: 7_000,
      requestId: undefined,
    })
  })
})

describe('headers and inner headers (§8.4)', () => {
  it('a range before the first write of its transaction tells the old revision', async () => {
    const before = edge.node.state.revision
    const { body } = await edge.post('/v3/kv/txn', {
      success: [range(), { request_put: { key: A } }, range(), { request_txn: {} }],
    })
    const [old, current] = [String(before), String(before + 1)]
    expect(body).toMatchObject({
      header: { revision: current },
      succeeded: true,
      responses: [
        { response_range: { header: { revision: old } } },
        { response_put: { header: { revision: current } } },
        { response_range: { header: { revision: current } } },
        { response_txn: { header: {} } },
      ],
    })
    const [first, , , last] = body['responses'] as Json[]
    expect(first).not.toHaveProperty('response_range.header.cluster_id')
    expect(last).toEqual({ response_txn: { header: {}, succeeded: true } })
  })

  it('a failed compare is a 200 without `succeeded` (§8.22)', async () => {
    const { status, body } = await edge.post('/v3/kv/txn', {
      compare: [{ key: A, target: 'VERSION', version: '0' }],
      failure: [range({ count_only: true })],
    })
    expect(status).toBe(200)
    expect(body).not.toHaveProperty('succeeded')
    expect(body).toMatchObject({ responses: [{ response_range: { count: '1' } }] })
  })
})

describe('compaction', () => {
  const SLICES = 100

  /** Slices that are left when it is answered, of the many that the disk work takes. */
  async function leftAtAnswer(request: Json): Promise<number> {
    let left = SLICES
    const removing = vi.spyOn(edge.node.state, 'removeCompacted')
    removing.mockImplementation(() => (left -= 1) > 0)
    const answer = await edge.post('/v3/kv/compaction', request)
    const leftThen = left
    await edge.node.upkeep.removed()
    expect([answer.status, left]).toEqual([200, 0])
    return leftThen
  }

  it('is answered before the disk work is done, unless it is asked to wait for that', async () => {
    for (const key of ['b', 'c']) await edge.post('/v3/kv/put', { key: base64(key) })
    const revision = edge.node.state.revision
    expect(await leftAtAnswer({ revision: String(revision - 1) })).toBeGreaterThan(0)
    expect(await leftAtAnswer({ revision: String(revision), physical: true })).toBe(0)
  })
})

describe('leases (§8.25, §8.29)', () => {
  it.each([
    ['1', '2'],
    ['0', '2'],
    ['-5', '2'],
    ['2', '2'],
    ['3', '3'],
    ['9000000000', '9000000000'],
  ])('a TTL of %s s becomes %s s', async (asked, TTL) => {
    const { status, body } = await edge.post('/v3/lease/grant', { TTL: asked })
    expect(status).toBe(200)
    expect(body).toMatchObject({ TTL })
    await edge.post('/v3/lease/revoke', { ID: body['ID'] })
  })

  it.each(['9000000001', '9223372036854775807'])('a TTL of %s s is too large', async (TTL) => {
    const answer = await edge.post('/v3/lease/grant', { TTL })
    expect(answer).toMatchObject({ status: 400, body: { code: 11 } })
  })

  it('an id may be chosen, and is drawn when it is not', async () => {
    const chosen = await edge.post('/v3/lease/grant', { ID: '-9223372036854775808', TTL: '60' })
    expect(chosen.body).toMatchObject({ ID: '-9223372036854775808' })
    const drawn = await edge.post('/v3/lease/grant', { TTL: '60' })
    expect(drawn.body['ID']).toMatch(/^[1-9][0-9]*$/)
    const again = await edge.post('/v3/lease/grant', { ID: drawn.body['ID'], TTL: '60' })
    expect(again).toMatchObject({ status: 400, body: { code: 9 } })
  })

  it('time to live tells what is left and granted, and the keys when asked', async () => {
    await edge.post('/v3/lease/grant', { ID: '55', TTL: '60' })
    for (const key of ['y', 'x']) await edge.post('/v3/kv/put', { key: base64(key), lease: '55' })
    const { body } = await edge.post('/v3/lease/timetolive', { ID: '55', keys: true })
    expect(body).toMatchObject({ ID: '55', grantedTTL: '60', keys: [base64('x'), base64('y')] })
    expect(['59', '60']).toContain(body['TTL'])
    const { body: short } = await edge.post('/v3/lease/timetolive', { ID: '55' })
    expect(short).not.toHaveProperty('keys')
  })

  it('of a missing one time to live is -1, and a revocation a 404', async () => {
    const missing = { ID: '123456' }
    const { status, body } = await edge.post('/v3/lease/timetolive', missing)
    expect(status).toBe(200)
    expect(body).toMatchObject({ ID: '123456', TTL: '-1' })
    expect(body).not.toHaveProperty('grantedTTL')
    const revoked = await edge.post('/v3/lease/revoke', missing)
    expect(revoked).toMatchObject({ status: 404, body: { code: 5 } })
  })

  it('are listed by soonest expiry', async () => {
    await edge.post('/v3/lease/grant', { ID: '1001', TTL: '5000' })
    await edge.post('/v3/lease/grant', { ID: '1002', TTL: '4000' })
    const { body } = await edge.post('/v3/lease/leases')
    const ids = (body['leases'] as Json[]).map(({ ID }) => ID)
    expect(ids.indexOf('1002')).toBeLessThan(ids.indexOf('1001'))
    expect(ids).toContain('1001')
  })
})
