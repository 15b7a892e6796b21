import { setTimeout as delay } from 'node:timers/promises'
import { op, type Holdfast, type Message, type Offer, type Transport } from '@holdfast/client'
import { expect, test } from 'vitest'
import { MortalTransport, revokeLease, type SdkBench } from './sdk-target.js'

/** Dies when the first of the items that it brings in are in the queue, and before it knows. */
class MortalMover extends MortalTransport {
  died = false

  override async request(
    request: Parameters<Transport['request']>[0],
  ): ReturnType<Transport['request']> {
    const response = super.request(request)
    if (request.body?.includes('request_txn') === true) {
      await response
      this.died = true
      this.die()
    }
    return response
  }
}

export function queueTests(bench: SdkBench): void {
  test('one consumer gets items in the order in which they were pushed', async () => {
    const client = bench.client()
    const queue = client.queue<number>(bench.name())
    for (let item = 0; item < 20; item++) await queue.push(item)
    const items: number[] = []
    for await (const message of queue.consume()) {
      items.push(message.value)
      await message.ack()
      if (items.length === 20) break
    }
    expect(items).toEqual(Array.from({ length: 20 }, (_, index) => index))
    expect(await queue.stats()).toEqual({ items: 0, claimed: 0, delayed: 0, dead: 0 })
    expect(await client.kv.count({ prefix: `${queue.name}/` })).toBe(0)
  })

  test('200 items, 4 consumers of which one dies: each is acknowledged once', async () => {
    const name = bench.name()
    const producer = bench.client().queue<number>(name)
    await Promise.all(Array.from({ length: 200 }, (_, item) => producer.push(item)))

    const transport = new MortalTransport()
    const clients = [bench.client({ transport, sessionTtlSeconds: 2 })]
    while (clients.length < 4) clients.push(bench.client())
    const acknowledged: number[] = []
    const live = new Map<number, number>()
    const done = new AbortController()
    const consume = async (index: number): Promise<void> => {
      const options = { signal: done.signal, concurrency: 3 }
      for await (const message of clients[index]!.queue<number>(name).consume(options)) {
        if (index === 0 && acknowledged.length >= 30) {
          transport.die()
          return
        }
        live.set(message.value, (live.get(message.value) ?? 0) + 1)
        expect(live.get(message.value)).toBe(1)
        await delay(1)
        live.delete(message.value)
        await message.ack()
        acknowledged.push(message.value)
        if (acknowledged.length === 200) done.abort()
      }
    }
    await Promise.all([0, 1, 2, 3].map(consume))
    const everything = Array.from({ length: 200 }, (_, index) => index)
    expect([...acknowledged].sort((left, right) => left - right)).toEqual(everything)
  })

  test('an item of a consumer who died comes back, before younger ones, counted', async () => {
    const name = bench.name()
    const transport = new MortalTransport()
    const mortal = bench.client({ transport, sessionTtlSeconds: 2 })
    const queue = bench.client().queue<string>(name)
    for (const item of ['first', 'second']) await queue.push(item)
    for await (const message of mortal.queue<string>(name).consume()) {
      expect(message).toMatchObject({ value: 'first', attempts: 1 })
      transport.die()
      break
    }
    while ((await queue.stats()).claimed > 0) await delay(100)
    const seen: string[] = []
    for await (const { value, attempts, ack } of queue.consume()) {
      seen.push(`${value} ${attempts}`)
      await ack()
      if (seen.length === 2) break
    }
    expect(seen).toEqual(['first 2', 'second 1'])
  })

  test('what fails too often goes to the dead letters', async () => {
    const queue = bench.client().queue<string>(bench.name(), { maxAttempts: 3 })
    await queue.push('poison')
    await queue.push('good')
    const seen: string[] = []
    for await (const { value, attempts, ack, nack } of queue.consume()) {
      seen.push(`${value} ${attempts}`)
      if (value === 'good') {
        await ack()
        break
      }
      await nack()
    }
    expect(seen).toEqual(['poison 1', 'poison 2', 'poison 3', 'good 1'])
    const [letter] = await queue.deadLetters()
    expect(letter?.value).toBe('poison')
    expect(await queue.discard(letter!.id)).toBe(true)
    expect(await queue.stats()).toEqual({ items: 0, claimed: 0, delayed: 0, dead: 0 })
  })

  test('an acknowledgement that comes after the loss is refused', async () => {
    const client = bench.client({ sessionTtlSeconds: 3 })
    const queue = client.queue<string>(bench.name())
    await queue.push('item')
    for await (const message of queue.consume()) {
      const claims = await client.kv.range({ prefix: `${queue.name}/claim/` })
      await revokeLease(bench.cluster, claims.entries[0]!.lease)
      await expect(message.ack()).rejects.toMatchObject({ code: 'lockLost' })
      break
    }
    expect((await queue.stats()).items).toBe(1)
  })

  test('a consumer that waits is woken by a push, and holds no more than it may', async () => {
    const client = bench.client()
    const queue = client.queue<number>(bench.name())
    const controller = new AbortController()
    const held: number[] = []
    const consuming = (async () => {
      const options = { signal: controller.signal, concurrency: 2 }
      for await (const message of queue.consume(options)) held.push(message.value)
    })()
    await delay(100)
    for (let item = 0; item < 4; item++) await queue.push(item)
    while (held.length < 2) await delay(5)
    await delay(200)
    expect(held).toEqual([0, 1])
    expect(await queue.stats()).toMatchObject({ items: 4, claimed: 2 })
    controller.abort()
    await consuming
  })

  test('a higher priority goes first, also before what a consumer has found already', async () => {
    const name = bench.name()
    const producers = [bench.client().queue<string>(name), bench.client().queue<string>(name)]
    for (let item = 0; item < 5; item++) {
      await producers[item % 2]!.push(`low ${item}`, { priority: -1 })
      await producers[item % 2]!.push(`normal ${item}`)
    }
    const queue = bench.client().queue<string>(name)
    const seen: string[] = []
    for await (const { value, ack } of queue.consume()) {
      await ack()
      if (seen.push(value) === 7) {
        await producers[0]!.push('high', { priority: 32_767 })
        await producers[1]!.push('normal 5')
      }
      if (seen.length === 12) break
    }
    const of = (kind: string, from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_, index) => `${kind} ${from + index}`)
    expect(seen).toEqual([
      ...of('normal', 0, 5),
      ...of('low', 0, 2),
      'high',
      'normal 5',
      ...of('low', 2, 5),
    ])
  })

  test('delayed items come when they are due, whoever pushed them and whoever waits', async () => {
    const name = bench.name()
    const producer = bench.client()
    const startedAt = performance.now()
    const delays = [900, 300, 600]
    for (const delayMs of delays) await producer.queue<number>(name).push(delayMs, { delayMs })
    expect(await bench.client().queue(name).stats()).toMatchObject({ items: 0, delayed: 3 })
    // Nobody has to stay for it.
    await producer.close()
    const seen: number[] = []
    const done = new AbortController()
    const consume = async (): Promise<void> => {
      for await (const message of bench.client().queue<number>(name).consume(done)) {
        expect(performance.now() - startedAt).toBeGreaterThanOrEqual(message.value)
        await message.ack()
        if (seen.push(message.value) === delays.length) done.abort()
      }
    }
    await Promise.all([consume(), consume(), consume()])
    expect(seen).toEqual([300, 600, 900])
    expect(await bench.client().kv.count({ prefix: `${name}/` })).toBe(0)
  })

  test('many consumers bring in what is due at once, while one of them dies of it', async () => {
    const name = bench.name()
    const queue = bench.client().queue<number>(name)
    const items = Array.from({ length: 150 }, (_, item) => item)
    await Promise.all(items.map((item) => queue.push(item, { delayMs: 1_000 })))
    const transport = new MortalMover()
    const mortal = bench.client({ transport })
    const done = new AbortController()
    const seen: number[] = []
    const consume = async (client: Holdfast): Promise<void> => {
      for await (const message of client.queue<number>(name).consume(done)) {
        await message.ack()
        if (seen.push(message.value) === items.length) done.abort()
      }
    }
    const consuming = [consume(mortal)]
    while (!transport.died) await delay(10)
    for (let others = 0; others < 3; others++) consuming.push(consume(bench.client()))
    await Promise.all(consuming)
    expect([...seen].sort((left, right) => left - right)).toEqual(items)
    expect(await queue.stats()).toEqual({ items: 0, claimed: 0, delayed: 0, dead: 0 })
  })

  test('100,000 delayed items cost neither the others nor the first of them anything', async () => {
    const client = bench.client()
    const queue = client.queue<string>(bench.name())
    const [later, batch] = [Date.now() + 3_600_000, 100]
    for (let from = 0; from < 100_000; from += batch * 10) {
      const put = (first: number): Promise<unknown> => {
        const ids = Array.from({ length: batch }, (_, index) => first + index)
        const key = (id: number): string => `${queue.name}/delayed/000${later + id}-32767-${id}`
        return client.txn({ then: ids.map((id) => op.put(key(id), '')) })
      }
      await Promise.all(Array.from({ length: 10 }, (_, index) => put(from + index * batch)))
    }
    expect(await queue.stats()).toMatchObject({ items: 0, delayed: 100_000 })
    await queue.push('soon', { delayMs: 200 })
    await queue.push('now')
    const startedAt = performance.now()
    for await (const { value, ack } of queue.consume({ timeoutMs: 10_000 })) {
      await ack()
      if (value === 'soon') break
    }
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })

  test('of concurrent pushes with one dedupe id one adds its item, until that is acknowledged', async () => {
    const name = bench.name()
    const clients = Array.from({ length: 4 }, () => bench.client())
    const offerAll = (): Promise<Offer[]> =>
      Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          clients[index % 4]!.queue(name).offer(index, { dedupeId: 'nightly/7' }),
        ),
      )
    const queue = clients[0]!.queue(name)
    for (let round = 0; round < 3; round++) {
      const offers = await offerAll()
      const added = offers.filter((offer) => offer.added)
      expect(added).toHaveLength(1)
      expect(new Set(offers.map(({ id }) => id))).toEqual(new Set([added[0]?.id]))
      for await (const { id, ack } of queue.consume()) {
        expect(id).toBe(added[0]?.id)
        expect((await offerAll()).some((offer) => offer.added)).toBe(false)
        await ack()
        break
      }
    }
    expect(await clients[0]!.kv.count({ prefix: `${name}/` })).toBe(0)
  })

  test('a dead letter that is moved back has all its attempts before it', async () => {
    const queue = bench.client().queue<string>(bench.name(), { maxAttempts: 2 })
    const id = await queue.push('poison', { dedupeId: 'x', priority: 2 })
    const seen: number[] = []
    for await (const message of queue.consume({ timeoutMs: 10_000 })) {
      seen.push(message.attempts)
      if (seen.length === 3) {
        expect(message).toMatchObject({ id, value: 'poison', dedupeId: 'x', priority: 2 })
        await message.ack()
        break
      }
      await message.nack()
      if (seen.length === 2) expect(await queue.requeue(id)).toBe(true)
    }
    expect(seen).toEqual([1, 2, 1])
    expect(await queue.requeue(id)).toBe(false)
    expect(await queue.stats()).toEqual({ items: 0, claimed: 0, delayed: 0, dead: 0 })
  })

  test('a loop with a time limit throws when there is nothing for so long', async () => {
    const queue = bench.client().queue<string>(bench.name())
    await queue.push('x')
    const loop = queue.consume({ timeoutMs: 300 })
    const { value } = await loop.next()
    await (value as Message<string>).ack()
    await expect(loop.next()).rejects.toMatchObject({ code: 'timeout' })
  })
}
