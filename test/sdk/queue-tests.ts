import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MortalTransport, revokeLease, type SdkBench } from './sdk-target.js'

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
    expect(await queue.stats()).toEqual({ items: 0, claimed: 0, dead: 0 })
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
    expect(await queue.stats()).toEqual({ items: 0, claimed: 0, dead: 0 })
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
}
