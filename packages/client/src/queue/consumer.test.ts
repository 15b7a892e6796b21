import { nanoid } from 'nanoid'
import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { Fault } from '../fake/fake-etcd.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'
import { putKeys } from '../fake/put-keys.test-support.js'
import { QueueLayout } from './layout.js'
import type { Message } from './message.js'
import type { Queue } from './queue.js'

let fixture: Bench
let queue: Queue<string>
beforeEach(() => {
  fixture = bench()
  fixture.clock.chance = 0.1
  queue = fixture.client().queue<string>('q')
})

const sent = (name: string): number =>
  fixture.etcd.sent.filter((request) => request.name === name).length

async function nextOf(loop: AsyncGenerator<Message<string>, void>): Promise<Message<string>> {
  const { value } = await loop.next()
  return value as Message<string>
}

describe('a consumer who has found many', () => {
  let loop: AsyncGenerator<Message<string>, void>
  beforeEach(async () => {
    for (let item = 0; item < 20; item++) await queue.push(`low ${item}`)
    loop = queue.consume({ concurrency: 99 })
    await nextOf(loop)
  })

  test('takes the next by one request', async () => {
    const before = sent('txn')
    expect(await nextOf(loop)).toMatchObject({ value: 'low 1' })
    expect(sent('txn')).toBe(before + 1)
  })

  test('takes first what has come since of a higher priority', async () => {
    await fixture.client().queue('q').push('high', { priority: 1 })
    expect(await nextOf(loop)).toMatchObject({ value: 'high', priority: 1 })
    expect(await nextOf(loop)).toMatchObject({ value: 'low 1' })
  })

  test('is not kept from the others by those of a higher priority that are being worked on', async () => {
    const other = fixture.client().queue<string>('q').consume({ concurrency: 99 })
    for (let round = 1; round < 5; round++) {
      await queue.push('high', { priority: 1 })
      expect(await nextOf(other)).toMatchObject({ value: 'high' })
      expect(await nextOf(loop)).toMatchObject({ value: `low ${round}` })
    }
  })

  test('takes one although others of a higher priority come and are taken all the time', async () => {
    const layout = new QueueLayout('q')
    const { store } = fixture.etcd
    fixture.etcd.travel = (leg) => {
      if (leg !== '> txn') return Promise.resolve()
      const seenRevision = store.revision
      const id = layout.newId(seenRevision, nanoid())
      const place = layout.itemKey({ priority: 1, seenRevision, ordinal: 0 }, id)
      putKeys(store, place, layout.claims + id)
      return Promise.resolve()
    }
    const before = sent('txn')
    expect(await nextOf(loop)).toMatchObject({ value: 'low 1' })
    expect(sent('txn')).toBe(before + 3)
  })

  test('takes again what was given back here before it takes the next', async () => {
    const message = await nextOf(loop)
    await message.nack()
    expect(await nextOf(loop)).toMatchObject({ value: 'low 1', attempts: 2 })
  })

  test('sees after a second what others gave back', async () => {
    await queue.push('high', { priority: 1 })
    const other = fixture.client().queue<string>('q')
    const message = await nextOf(other.consume())
    await nextOf(loop)
    await message.nack()
    await fixture.clock.advance(1_000)
    expect(await nextOf(loop)).toMatchObject({ value: 'high', attempts: 2 })
  })

  test('leaves no claim of an attempt that came late, and after one that was refused', async () => {
    const faults: (Fault | undefined)[] = ['late']
    const pusher = fixture.client().queue<string>('q')
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? faults.shift() : undefined)
    const next = nextOf(loop)
    await settle()
    await pusher.push('high', { priority: 1 })
    await fixture.clock.advance(100)
    const high = await next
    expect(high).toMatchObject({ value: 'high' })
    await high.ack()
    // Nothing is above it any more, so the late attempt succeeds, and nobody knows.
    fixture.etcd.deliverLate()
    expect(await fixture.client().queue('q').stats()).toMatchObject({ claimed: 2 })
    await fixture.clock.advance(4_000)
    expect(await nextOf(loop)).toMatchObject({ value: 'low 1', attempts: 2 })
  })
})

describe('a loop with a time limit', () => {
  const timeout = { code: 'timeout', outcome: 'not-applied' }

  test('throws when there was no message for so long, and another may go on', async () => {
    const next = queue.consume({ timeoutMs: 500 }).next()
    const rejected = expect(next).rejects.toMatchObject(timeout)
    await fixture.clock.advance(500)
    await rejected
    await queue.push('x')
    expect(await nextOf(queue.consume({ timeoutMs: 500 }))).toMatchObject({ value: 'x' })
  })

  test('counts anew for each message, and not while the loop works', async () => {
    const loop = queue.consume({ timeoutMs: 500 })
    for (const item of ['a', 'b', 'c']) {
      const next = nextOf(loop)
      await fixture.clock.advance(400)
      await fixture.client().queue('q').push(item)
      await settle()
      const message = await next
      expect(message.value).toBe(item)
      await fixture.clock.advance(5_000)
      await message.ack()
    }
    await loop.return()
  })

  test('throws when its messages are not settled in time', async () => {
    await queue.push('a')
    await queue.push('b')
    const loop = queue.consume({ timeoutMs: 500 })
    const message = await nextOf(loop)
    const rejected = expect(loop.next()).rejects.toMatchObject(timeout)
    await fixture.clock.advance(500)
    await rejected
    expect(message.signal.aborted).toBe(false)
    await message.ack()
  })

  test('throws when the cluster does not answer', async () => {
    fixture.etcd.fault = () => 'refused'
    const rejected = expect(queue.consume({ timeoutMs: 9_000 }).next()).rejects.toMatchObject(
      timeout,
    )
    await fixture.clock.advance(9_000)
    await rejected
  })

  test('ends without an error when its signal aborts first', async () => {
    const controller = new AbortController()
    const options = { timeoutMs: 500, signal: controller.signal }
    const next = queue.consume(options).next()
    await settle()
    controller.abort()
    expect(await next).toEqual({ done: true, value: undefined })
  })
})

describe('a consumer who waits', () => {
  test('is not woken by what others acknowledge', async () => {
    await queue.push('x')
    const message = await nextOf(fixture.client().queue<string>('q').consume())
    const waiting = queue.consume()
    const next = nextOf(waiting)
    await settle()
    const before = sent('txn')
    await message.ack()
    await settle()
    expect(sent('txn')).toBe(before + 1)
    await queue.push('y')
    expect(await next).toMatchObject({ value: 'y' })
  })

  test('goes on with its watch when it waits again, unless too much has happened meanwhile', async () => {
    const loop = queue.consume({ concurrency: 99 })
    const wait = async (item: string): Promise<void> => {
      const next = nextOf(loop)
      await settle()
      await queue.push(item)
      expect(await next).toMatchObject({ value: item })
    }
    await wait('a')
    await wait('b')
    expect(sent('watch')).toBe(1)
    const client = fixture.client()
    for (let write = 0; write < 1_100; write++) await client.kv.put('elsewhere', '')
    await wait('c')
    expect(sent('watch')).toBe(2)
  })
})
