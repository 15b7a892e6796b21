/** Locks and elections that the server holds (etcd §8.42–44). */

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  base64,
  Lines,
  startEdge,
  type Answer,
  type Edge,
  type Json,
} from '../edge.test-support.js'

let edge: Edge
let names = 0

beforeAll(async () => {
  edge = await startEdge()
  for (const ID of ['10', '11', '12', '255']) await edge.post('/v3/lease/grant', { ID, TTL: '600' })
})
afterAll(() => edge.close())
afterEach(() => {
  expect(edge.defects).toEqual([])
  vi.restoreAllMocks()
})

const newName = (): string => base64(`name${(names += 1)}`)
const keyOf = (name: string, lease: number): string =>
  Buffer.concat([Buffer.from(name, 'base64'), Buffer.from(`/${lease.toString(16)}`)]).toString(
    'base64',
  )

const lock = (name: string, lease: number): Promise<Answer> =>
  edge.post('/v3/lock/lock', { name, lease: String(lease) })
const unlock = (key: unknown): Promise<Answer> => edge.post('/v3/lock/unlock', { key })
const campaign = (name: string, lease: number, value = ''): Promise<Answer> =>
  edge.post('/v3/election/campaign', { name, lease: String(lease), value: base64(value) })

/** Below this name, by who waits longest. */
async function line(name: string): Promise<readonly string[]> {
  const from = Buffer.concat([Buffer.from(name, 'base64'), Buffer.from('/')])
  const to = Buffer.concat([Buffer.from(name, 'base64'), Buffer.from('0')])
  const { body } = await edge.post('/v3/kv/range', {
    ...{ key: from.toString('base64'), range_end: to.toString('base64') },
    ...{ sort_target: 'CREATE', sort_order: 'ASCEND' },
  })
  return ((body['kvs'] ?? []) as readonly Json[]).map((kv) => kv['key'] as string)
}

async function untilInLine(name: string, ...keys: readonly string[]): Promise<void> {
  await vi.waitUntil(async () => (await line(name)).join() === keys.join())
}

describe('a lock', () => {
  it('is held by a key of the name and the lease, in hexadecimal', async () => {
    const name = newName()
    const { body } = await lock(name, 255)
    expect(body['key']).toBe(keyOf(name, 255))
    expect(await line(name)).toEqual([keyOf(name, 255)])
  })

  it('goes to who has waited longest, when its key is gone', async () => {
    const name = newName()
    await lock(name, 10)
    const order: number[] = []
    const second = lock(name, 11).then(() => order.push(11))
    await untilInLine(name, keyOf(name, 10), keyOf(name, 11))
    const third = lock(name, 12).then(() => order.push(12))
    await untilInLine(name, keyOf(name, 10), keyOf(name, 11), keyOf(name, 12))
    await unlock(keyOf(name, 10))
    await second
    expect(order).toEqual([11])
    await unlock(keyOf(name, 11))
    await third
    expect(order).toEqual([11, 12])
  })

  it('is shared by two callers with one lease (etcd #10756)', async () => {
    const name = newName()
    const first = await lock(name, 10)
    const second = await lock(name, 10)
    expect(second.body['key']).toEqual(first.body['key'])
    expect(await line(name)).toHaveLength(1)
  })

  it('is not given to who has no key any more when its turn has come (etcd #11456)', async () => {
    const name = newName()
    await lock(name, 10)
    const second = lock(name, 11)
    await untilInLine(name, keyOf(name, 10), keyOf(name, 11))
    await unlock(keyOf(name, 11))
    await unlock(keyOf(name, 10))
    expect(await second).toMatchObject({
      status: 500,
      body: { code: 2, message: 'mutex: session is expired' },
    })
  })

  it('of who leaves while it waits is given up', async () => {
    const name = newName()
    await lock(name, 10)
    const left = new AbortController()
    const body = JSON.stringify({ name, lease: '11' })
    const waiting = edge.app.request(
      new Request('http://h/v3/lock/lock', { method: 'POST', body, signal: left.signal }),
    )
    await untilInLine(name, keyOf(name, 10), keyOf(name, 11))
    left.abort()
    expect((await waiting).status).toBe(499)
    expect(await line(name)).toEqual([keyOf(name, 10)])
  })

  it('of who waits for no longer than it said is given up', async () => {
    const name = newName()
    await lock(name, 10)
    const body = { name, lease: '11' }
    const late = await edge.post('/v3/lock/lock', body, { 'grpc-timeout': '50m' })
    expect(late).toMatchObject({ status: 504, body: { message: 'context deadline exceeded' } })
    await untilInLine(name, keyOf(name, 10))
  })

  it('without a lease has one of 60 s', async () => {
    const name = newName()
    const { body } = await edge.post('/v3/lock/lock', { name })
    const hex = Buffer.from(body['key'] as string, 'base64')
      .toString()
      .split('/')[1]
    const ID = BigInt(`0x${hex}`).toString()
    const { body: lease } = await edge.post('/v3/lease/timetolive', { ID })
    expect(lease).toMatchObject({ grantedTTL: '60' })
  })

  it('of a lease that there is not has no code of its own, as in etcd', async () => {
    expect(await lock(newName(), 404)).toMatchObject({
      status: 500,
      body: { code: 2, message: 'etcdserver: requested lease not found' },
    })
  })

  it('wakes one waiter when it is let go, and not all (no herd)', async () => {
    const name = newName()
    await lock(name, 10)
    void lock(name, 11)
    await untilInLine(name, keyOf(name, 10), keyOf(name, 11))
    void lock(name, 12)
    await untilInLine(name, keyOf(name, 10), keyOf(name, 11), keyOf(name, 12))
    const create = vi.spyOn(edge.hub, 'create')
    await unlock(keyOf(name, 10))
    await unlock(keyOf(name, 11))
    await vi.waitUntil(() => edge.hub.watcherCount === 0)
    expect(create).not.toHaveBeenCalled()
  })
})

describe('unlocking', () => {
  it('asks for no owner, and an unknown key is no error (§8.43)', async () => {
    const { revision } = edge.node.state
    expect(await unlock(base64('nothing'))).toMatchObject({ status: 200 })
    expect(edge.node.state.revision).toBe(revision)
  })

  it('needs a key', async () => {
    expect(await edge.post('/v3/lock/unlock', {})).toMatchObject({
      body: { code: 2, message: 'etcdserver: key is not provided' },
    })
  })
})

describe('an election', () => {
  it('is won by who came first, whose create revision is the token', async () => {
    const name = newName()
    const { body } = await campaign(name, 10, 'me')
    const rev = String(edge.node.state.revision)
    expect(body['leader']).toEqual({ name, key: keyOf(name, 10), rev, lease: '10' })
    expect((await edge.post('/v3/election/leader', { name })).body).toMatchObject({
      kv: { key: keyOf(name, 10), value: base64('me'), create_revision: rev },
    })
  })

  it('is entered once by a lease, with the newest value', async () => {
    const name = newName()
    const first = await campaign(name, 10, 'old')
    const again = await campaign(name, 10, 'new')
    expect(again.body['leader']).toEqual(first.body['leader'])
    const { body } = await edge.post('/v3/election/leader', { name })
    expect(body['kv']).toMatchObject({ value: base64('new'), version: '2' })
  })

  it('passes on when the leader resigns', async () => {
    const name = newName()
    const { body } = await campaign(name, 10)
    const next = campaign(name, 11)
    await untilInLine(name, keyOf(name, 10), keyOf(name, 11))
    await edge.post('/v3/election/resign', { leader: body['leader'] })
    expect((await next).body['leader']).toMatchObject({ key: keyOf(name, 11) })
  })

  it('is not won by who has no key any more when its turn has come', async () => {
    const name = newName()
    await campaign(name, 10)
    const second = campaign(name, 11)
    await untilInLine(name, keyOf(name, 10), keyOf(name, 11))
    await unlock(keyOf(name, 11))
    await unlock(keyOf(name, 10))
    expect(await second).toMatchObject({ status: 500, body: { message: 'election: not leader' } })
  })

  it('without a leader says so', async () => {
    expect(await edge.post('/v3/election/leader', { name: newName() })).toMatchObject({
      status: 500,
      body: { code: 2, message: 'election: no leader' },
    })
  })
})

describe('a leader', () => {
  it('says something new', async () => {
    const name = newName()
    const { body } = await campaign(name, 10, 'old')
    const said = { leader: body['leader'], value: base64('new') }
    expect((await edge.post('/v3/election/proclaim', said)).status).toBe(200)
    expect((await edge.post('/v3/election/leader', { name })).body['kv']).toMatchObject({
      value: base64('new'),
      lease: '10',
    })
  })

  it('of before says nothing any more, and resigns without an error (§8.44)', async () => {
    const name = newName()
    const { body } = await campaign(name, 10)
    await unlock(keyOf(name, 10))
    await campaign(name, 10)
    const leader = body['leader']
    expect(await edge.post('/v3/election/proclaim', { leader })).toMatchObject({
      status: 500,
      body: { message: 'election: not leader' },
    })
    expect((await edge.post('/v3/election/resign', { leader })).status).toBe(200)
    expect(await line(name)).toHaveLength(1)
  })

  it.each(['proclaim', 'resign'])('must be shown to %s', async (what) => {
    expect(await edge.post(`/v3/election/${what}`, {})).toMatchObject({
      status: 500,
      body: { code: 2, message: '"leader" field must be provided' },
    })
  })
})

describe('a leader without a key', () => {
  it.each([
    ['proclaim', {}],
    ['proclaim', { lease: '10' }],
    ['proclaim', { lease: '10', rev: '5' }],
    ['resign', {}],
    ['resign', { rev: '5' }],
  ])('is refused, and nothing is written: %s %j', async (what, leader) => {
    const { revision } = edge.node.state
    expect(await edge.post(`/v3/election/${what}`, { leader })).toMatchObject({
      status: 500,
      body: { code: 2, message: 'etcdserver: key is not provided' },
    })
    expect(edge.node.state.revision).toBe(revision)
  })
})

describe('who observes an election', () => {
  async function observe(name: string): Promise<Lines> {
    return new Lines(await edge.open('/v3/election/observe', JSON.stringify({ name })))
  }
  const value = (said: string): Json => ({
    kv: expect.objectContaining({ value: base64(said) }) as unknown,
  })

  it('is told what the leader says, and what the next one does', async () => {
    const name = newName()
    const { body } = await campaign(name, 10, 'one')
    const lines = await observe(name)
    expect(await lines.result()).toMatchObject(value('one'))
    await edge.post('/v3/election/proclaim', { leader: body['leader'], value: base64('two') })
    expect(await lines.result()).toMatchObject(value('two'))
    await edge.post('/v3/election/resign', { leader: body['leader'] })
    await campaign(name, 11, 'three')
    expect(await lines.result()).toMatchObject(value('three'))
    await lines.leave()
    await vi.waitUntil(() => edge.hub.watcherCount === 0)
  })

  it('before there is a leader waits for the first', async () => {
    const name = newName()
    const lines = observe(name)
    await vi.waitUntil(() => edge.hub.watcherCount === 1)
    await campaign(name, 10, 'first')
    const revision = String(edge.node.state.revision)
    expect(await (await lines).result()).toMatchObject({ header: { revision }, ...value('first') })
    await (await lines).leave()
  })
})
