import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { Fault } from '../fake/fake-etcd.test-support.js'
import type { Message } from './message.js'
import type { Queue } from './queue.js'

let fixture: Bench
let queue: Queue<string>
beforeEach(() => {
  fixture = bench()
  fixture.clock.chance = 0.1
  queue = fixture.client().queue<string>('q', { maxAttempts: 2 })
})

const keys = (): string[] => fixture.etcd.store.keys()

async function take(): Promise<Message<string>> {
  const { value } = await queue.consume().next()
  return value as Message<string>
}

const again = (): ReturnType<typeof queue.offer> => queue.offer('again', { dedupeId: 'x' })

describe('while an item of a dedupe id is in the queue, another adds nothing', () => {
  let id: string
  beforeEach(async () => {
    id = await queue.push('first', { dedupeId: 'x' })
  })

  test('and is told the id of the first', async () => {
    expect(await again()).toEqual({ id, added: false })
    expect(await queue.push('again', { dedupeId: 'x' })).toBe(id)
    expect(await queue.offer('other', { dedupeId: 'y' })).toMatchObject({ added: true })
    expect(await queue.offer('without')).toMatchObject({ added: true })
    expect((await queue.stats()).items).toBe(3)
  })

  test('also while that is being worked on, given back, or delivered again', async () => {
    const message = await take()
    expect(message).toMatchObject({ id, value: 'first', dedupeId: 'x' })
    expect(await again()).toEqual({ id, added: false })
    await message.nack()
    expect(await again()).toEqual({ id, added: false })
    expect(await take()).toMatchObject({ id, attempts: 2 })
    expect(await again()).toEqual({ id, added: false })
    const { store } = fixture.etcd
    store.revoke([...store.leases].at(-1)!)
    expect(await again()).toEqual({ id, added: false })
  })

  test('until it is acknowledged', async () => {
    await (await take()).ack()
    expect(keys()).toEqual([])
    const offer = await again()
    expect(offer.added).toBe(true)
    expect(offer.id).not.toBe(id)
  })

  test('or is given up', async () => {
    for (let attempt = 0; attempt < 2; attempt++) await (await take()).nack()
    expect(await queue.deadLetters()).toMatchObject([{ id, value: 'first', dedupeId: 'x' }])
    expect(await again()).toMatchObject({ added: true })
  })

  test('and an acknowledgement in doubt takes nothing from the next of that id', async () => {
    const message = await take()
    const faults: (Fault | undefined)[] = ['lost-response']
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? faults.shift() : undefined)
    const ack = message.ack()
    // Executed, and not confirmed yet.
    while (keys().length > 0) await Promise.resolve()
    const offer = await again()
    expect(offer).toMatchObject({ added: true })
    await fixture.clock.advance(1_000)
    await ack
    expect(await again()).toEqual({ id: offer.id, added: false })
    expect(await take()).toMatchObject({ value: 'again' })
  })
})

test('a delayed item counts from its push to its acknowledgement', async () => {
  const id = await queue.push('first', { dedupeId: 'x', delayMs: 1_000 })
  expect(await again()).toEqual({ id, added: false })
  await fixture.clock.advance(1_000)
  expect(await again()).toEqual({ id, added: false })
  const message = await take()
  expect(message).toMatchObject({ id, value: 'first' })
  expect(await again()).toEqual({ id, added: false })
  await message.ack()
  expect(await again()).toMatchObject({ added: true })
})

test('of several that push an id at once, one adds its item and all are told its id', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 6 }), async (scheduler, count) => {
      fixture = bench()
      fixture.etcd.travel = (leg) => scheduler.schedule(Promise.resolve(), leg)
      const offers = Array.from({ length: count }, (_, producer) =>
        fixture
          .client()
          .queue('q')
          .offer(producer, { dedupeId: 'x', delayMs: producer % 2 }),
      )
      const results = await scheduler.waitFor(Promise.all(offers))
      const [first] = results.filter(({ added }) => added)
      expect(results.filter(({ added }) => added)).toHaveLength(1)
      expect(new Set(results.map(({ id }) => id))).toEqual(new Set([first?.id]))
      expect(keys()).toHaveLength(3)
    }),
  )
})

test('an id may be any text', async () => {
  const ids = ['a/b', 'ünï', ' ', 'x'.repeat(1024), 'constructor']
  for (const dedupeId of ids) await queue.push(dedupeId, { dedupeId })
  for (const dedupeId of ids) {
    expect(await queue.offer(dedupeId, { dedupeId })).toMatchObject({ added: false })
  }
  for (const dedupeId of ids) {
    const message = await take()
    expect(message).toMatchObject({ value: dedupeId, dedupeId })
    await message.ack()
  }
  expect(keys()).toEqual([])
})
