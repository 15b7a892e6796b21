/** Request ids at the edge: a retry has one effect, and a header that is none is not ignored. */

import { requestIdExpired } from '@holdfast/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Refusal } from '../state-machine/outcome.js'
import { base64, startEdge, type Answer, type Edge, type Json } from './edge.test-support.js'
import { requestIdOf } from './request-id.js'

let edge: Edge

beforeAll(async () => {
  edge = await startEdge()
})
afterAll(() => edge.close())

let drawn = 0
/** A new id, as an SDK would make it. */
function newId(): string {
  drawn += 1
  return `${edge.node.state.revision}-request_${drawn}-abcdefgh`
}

async function twice(path: string, body: Json): Promise<readonly [Answer, Answer]> {
  const headers = { 'Idempotency-Key': newId() }
  return [await edge.post(path, body, headers), await edge.post(path, body, headers)]
}

describe('the same id twice', () => {
  it.each<[string, Json]>([
    ['/v3/kv/put', { key: base64('k'), value: base64('v'), prev_kv: true }],
    ['/v3/kv/deleterange', { key: base64('k'), prev_kv: true }],
    ['/v3/kv/txn', { success: [{ request_put: { key: base64('t') } }] }],
    ['/v3/lease/grant', { TTL: '60' }],
    ['/v3/lease/grant', { TTL: '60', ID: '77' }],
    ['/v3/lease/revoke', { ID: '77' }],
  ])('%s %j: one effect, and the same answer', async (path, body) => {
    const before = edge.node.state.revision
    const [first, second] = await twice(path, body)
    expect(first.status).toBe(200)
    expect(second).toEqual(first)
    expect(edge.node.state.revision - before).toBeLessThanOrEqual(1)
  })

  it('a put runs once: its version and its revision do not move', async () => {
    const [first] = await twice('/v3/kv/put', { key: base64('once') })
    const { body } = await edge.post('/v3/kv/range', { key: base64('once') })
    const { revision } = first.body['header'] as { revision: string }
    expect(body['kvs']).toMatchObject([{ version: '1', mod_revision: revision }])
  })

  it('a refusal had no effect, so a retry of it may succeed by now', async () => {
    const headers = { 'Idempotency-Key': newId() }
    const body = { key: base64('later'), ignore_value: true }
    const first = await edge.post('/v3/kv/put', body, headers)
    await edge.post('/v3/kv/put', { key: base64('later'), value: base64('v') })
    expect(first).toMatchObject({ status: 400, body: { code: 3 } })
    expect(await edge.post('/v3/kv/put', body, headers)).toMatchObject({ status: 200 })
  })

  it('a repetition without effect is remembered, so that what comes late has none', async () => {
    const headers = { 'Idempotency-Key': newId() }
    const body = { key: base64('overtaken'), ignore_value: true }
    const repeated = { ...headers, 'Idempotency-Repeated': 'true' }
    const told = await edge.post('/v3/kv/put', body, repeated)
    await edge.post('/v3/kv/put', { key: base64('overtaken'), value: base64('v') })
    expect(told).toMatchObject({ status: 400, body: { code: 3 } })
    expect(await edge.post('/v3/kv/put', body, headers)).toEqual(told)
  })

  it('a compaction is not refused for having been made', async () => {
    const revision = String(edge.node.state.revision)
    const [first, second] = await twice('/v3/kv/compaction', { revision })
    expect([first.status, second.status]).toEqual([200, 200])
  })
})

it('different ids are different requests', async () => {
  const body = { key: base64('two') }
  await edge.post('/v3/kv/put', body, { 'Idempotency-Key': newId() })
  await edge.post('/v3/kv/put', body, { 'Idempotency-Key': newId() })
  const { body: found } = await edge.post('/v3/kv/range', body)
  expect(found['kvs']).toMatchObject([{ version: '2' }])
})

it.each([
  '',
  'x',
  '5',
  '5-short',
  '-1-abcdefgh',
  '01-abcdefgh',
  `1-${'a'.repeat(80)}`,
  '1-abc defgh',
])('a header that is none is refused, and nothing is written: "%s"', async (header) => {
  const before = edge.fingerprint()
  const headers = { 'Idempotency-Key': header }
  const answer = await edge.post('/v3/kv/put', { key: base64('never') }, headers)
  expect(answer).toMatchObject({
    status: 400,
    body: { code: 3, message: 'holdfast: malformed Idempotency-Key' },
  })
  expect(edge.fingerprint()).toEqual(before)
})

it('no header is no id', () => {
  expect(requestIdOf(new Headers())).toBeUndefined()
  expect(requestIdOf(new Headers({ 'idempotency-key': '7-abcdefgh' }))).toEqual({
    id: 'abcdefgh',
    issuedAtRevision: 7,
  })
})

it('an id that may have been forgotten is refused with a code of its own', async () => {
  vi.spyOn(edge.node, 'propose').mockRejectedValueOnce(new Refusal('requestIdExpired'))
  const headers = { 'Idempotency-Key': '0-abcdefgh' }
  const answer = await edge.post('/v3/kv/put', { key: base64('k') }, headers)
  expect(answer).toMatchObject({ status: 400, body: requestIdExpired })
})

it('an id that was used for another kind of request is refused, and is no defect of ours', async () => {
  const headers = { 'Idempotency-Key': newId() }
  await edge.post('/v3/kv/put', { key: base64('kind') }, headers)
  expect(await edge.post('/v3/lease/grant', { TTL: '60' }, headers)).toMatchObject({
    status: 400,
    body: { code: 3, message: 'holdfast: this request id was used for another request' },
  })
  expect(edge.defects).toEqual([])
})
