import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { Fault } from '../fake/fake-etcd.test-support.js'
import { op } from '../kv/txn.js'
import type { Message } from './message.js'
import type { Queue } from './queue.js'

let fixture: Bench
let queue: Queue<string>
beforeEach(() => {
  fixture = bench()
  fixture.clock.chance = 0.1
  queue = fixture.client().queue<string>('q', { maxAttempts: 2 })
})

async function take(): Promise<Message<string>> {
  const { value } = await queue.consume().next()
  return value as Message<string>
}

/** Pushes an item that fails until it is given up. */
async function giveUp(options: { priority?: number; dedupeId?: string } = {}): Promise<string> {
  const id = await queue.push('poison', options)
  for (let attempt = 0; attempt < 2; attempt++) await (await take()).nack()
  expect(await queue.stats()).toMatchObject({ items: 0, dead: 1 })
  return id
}

describe('a dead letter that is moved back', () => {
  test('joins the end of its priority, with all its attempts before it', async () => {
    const id = await giveUp({ priority: 3 })
    await queue.push('normal')
    await queue.push('of its priority', { priority: 3 })
    expect(await queue.requeue(id)).toBe(true)
    expect(await queue.deadLetters()).toEqual([])
    const seen: [string, number][] = []
    for await (const message of queue.consume()) {
      seen.push([message.value, message.attempts])
      await message.ack()
      if (seen.length === 3) break
    }
    expect(seen).toEqual([
      ['of its priority', 1],
      ['poison', 1],
      ['normal', 1],
    ])
    expect(fixture.etcd.store.keys()).toEqual([])
  })

  test('has its dedupe id again', async () => {
    const id = await giveUp({ dedupeId: 'x' })
    await queue.requeue(id)
    expect(await queue.offer('again', { dedupeId: 'x' })).toEqual({ id, added: false })
  })

  test('stays where it is while another item has its dedupe id', async () => {
    const id = await giveUp({ dedupeId: 'x' })
    const other = await queue.push('again', { dedupeId: 'x' })
    await expect(queue.requeue(id)).rejects.toMatchObject({
      code: 'failedPrecondition',
      outcome: 'not-applied',
      message: expect.stringContaining(other) as string,
    })
    expect(await queue.deadLetters()).toMatchObject([{ id }])
    await (await take()).ack()
    expect(await queue.requeue(id)).toBe(true)
  })

  test('is moved once by several who try', async () => {
    const id = await giveUp()
    const results = await Promise.all([queue.requeue(id), queue.requeue(id), queue.requeue(id)])
    expect(results.filter(Boolean)).toHaveLength(1)
    expect((await queue.stats()).items).toBe(1)
  })

  test('of which no answer came says so on a plain etcd', async () => {
    const id = await giveUp()
    const faults: (Fault | undefined)[] = ['lost-response']
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? faults.shift() : undefined)
    await expect(queue.requeue(id)).rejects.toMatchObject({ outcome: 'unknown' })
    expect(await queue.requeue(id)).toBe(false)
    expect(await queue.stats()).toMatchObject({ items: 1, dead: 0 })
  })

  test('must be there', async () => {
    expect(await queue.requeue('nothing')).toBe(false)
    expect(await queue.discard('nothing')).toBe(false)
  })
})

describe('what is not an item', () => {
  test.each(['not JSON', '"no parcel"', '{"priority":0}', '{"priority":"high","value":1}'])(
    'is given up: %s',
    async (content) => {
      const id = await queue.push('x', { dedupeId: 'x' })
      await fixture.client().kv.put(`q/body/${id}`, content)
      await queue.push('good')
      expect(await take()).toMatchObject({ value: 'good' })
      expect(await queue.deadLetters()).toEqual([
        { id, value: undefined, priority: 0, dedupeId: undefined },
      ])
      await expect(queue.requeue(id)).rejects.toMatchObject({ code: 'failedPrecondition' })
      expect(await queue.discard(id)).toBe(true)
    },
  )

  test('is also an item whose content was deleted', async () => {
    const id = await queue.push('x')
    await fixture.client().txn({ then: [op.delete(`q/body/${id}`)] })
    await queue.push('good')
    expect(await take()).toMatchObject({ value: 'good' })
    expect(await queue.stats()).toMatchObject({ items: 1, claimed: 1, dead: 1 })
  })
})
