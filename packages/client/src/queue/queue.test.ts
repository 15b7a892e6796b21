import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { Fault } from '../fake/fake-etcd.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'
import type { Message } from './message.js'

let fixture: Bench
beforeEach(() => {
  fixture = bench()
  fixture.clock.chance = 0.1
})

/** The faults of the transactions from now on, in turn; then none. */
function script(...faults: (Fault | undefined)[]): void {
  fixture.etcd.fault = ({ name }) => (name === 'txn' ? faults.shift() : undefined)
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  await fixture.clock.advance(2_000)
  return promise
}

const keys = (): string[] => fixture.etcd.store.keys().map((key) => key.replace(/^q\//, ''))
const kinds = (): string[] => keys().map((key) => key.replace(/\/.*/, ''))

/** The first message of a new loop over the queue. */
async function take(options: { maxAttempts?: number } = {}): Promise<Message<string>> {
  const { value } = await fixture.client().queue<string>('q', options).consume().next()
  return value as Message<string>
}

describe('push', () => {
  test('of which no answer came says so on a plain etcd, where it must not be repeated', async () => {
    script('lost-response')
    const push = inTime(fixture.client().queue('q').push('x'))
    await expect(push).rejects.toMatchObject({ outcome: 'unknown' })
    expect(kinds()).toEqual(['body', 'item'])
  })

  test('that certainly had no effect is repeated', async () => {
    script('refused')
    const id = await inTime(fixture.client().queue('q').push('x'))
    expect(keys()).toEqual([`body/${id}`, expect.stringMatching(`^item/.*${id}$`)])
  })

  test('does not take longer than it may, first question included', async () => {
    const { clock, etcd } = fixture
    etcd.travel = (leg) =>
      leg === '> range' ? new Promise((resolve) => clock.schedule(200, resolve)) : Promise.resolve()
    etcd.fault = ({ name }) => (name === 'txn' ? 'hang' : undefined)
    const push = fixture.client().queue('q').push('x', { timeoutMs: 300 })
    const rejected = expect(push).rejects.toMatchObject({ code: 'timeout', outcome: 'unknown' })
    await fixture.clock.advance(300)
    await rejected
  })
})

describe('a claim', () => {
  beforeEach(() => fixture.client().queue('q').push('x'))

  test('whose answer was lost is recognised by the next attempt', async () => {
    script(undefined, 'lost-response')
    const message = await inTime(take())
    expect(message).toMatchObject({ value: 'x', attempts: 1 })
    await message.ack()
    expect(keys()).toEqual([])
  })

  test('that arrives late, after it was made, given back and is free, is not made again', async () => {
    script(undefined, 'late')
    const message = await inTime(take())
    await message.nack()
    expect(kinds()).toEqual(['body', 'item', 'try'])
    fixture.etcd.deliverLate()
    expect(kinds()).toEqual(['body', 'item', 'try'])
  })

  test('of which nobody learned is swept, and not when somebody else made it since', async () => {
    const signal = new AbortController()
    script(undefined, 'late', 'hang')
    const first = fixture.client().queue('q').consume({ signal: signal.signal }).next()
    await fixture.clock.advance(500)
    signal.abort()
    await first
    fixture.etcd.fault = () => undefined
    fixture.etcd.deliverLate()
    expect(kinds()).toContain('claim')
    await fixture.clock.advance(4_000)
    expect(kinds()).not.toContain('claim')
    const message = await take()
    await fixture.clock.advance(8_000)
    expect(message.signal.aborted).toBe(false)
    await message.ack()
  })

  test('is made by one of several who try at once', async () => {
    const deliveries: string[] = []
    const controller = new AbortController()
    for (let consumer = 0; consumer < 5; consumer++) {
      const queue = fixture.client().queue<string>('q')
      void (async () => {
        for await (const message of queue.consume({ signal: controller.signal })) {
          deliveries.push(message.value)
        }
      })()
    }
    await fixture.clock.advance(3_000)
    expect(deliveries).toEqual(['x'])
    controller.abort()
    await settle()
  })
})

describe('settling', () => {
  let message: Message<string>
  beforeEach(async () => {
    await fixture.client().queue('q').push('x')
    message = await take()
  })

  test('an acknowledgement whose answer was lost is one', async () => {
    script('lost-response')
    await inTime(message.ack())
    expect(keys()).toEqual([])
  })

  test('an acknowledgement that came too late is refused, and takes nothing', async () => {
    const claim = keys().find((key) => key.startsWith('claim'))!
    await fixture.client().txn({ then: [] })
    const { store } = fixture.etcd
    store.revoke([...store.leases][0]!)
    expect(keys()).not.toContain(claim)
    await expect(message.ack()).rejects.toMatchObject({ code: 'lockLost' })
    expect(kinds()).toContain('item')
  })

  test('an acknowledgement is not taken for that of who claimed the item after us', async () => {
    script('lost-request')
    const ack = message.ack()
    const rejected = expect(ack).rejects.toMatchObject({ code: 'lockLost' })
    await settle()
    const { store } = fixture.etcd
    fixture.clock.stall(10_001)
    store.revoke([...store.leases][0]!)
    await (await take()).ack()
    expect(keys()).toEqual([])
    await fixture.clock.advance(2_000)
    await rejected
  })

  test('an acknowledgement that nobody answers leaves the claim, to be repeated', async () => {
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? 'lost-request' : undefined)
    const ack = message.ack({ timeoutMs: 1_000 })
    const rejected = expect(ack).rejects.toMatchObject({ outcome: 'unknown' })
    await fixture.clock.advance(1_500)
    await rejected
    expect(message.signal.aborted).toBe(false)
    fixture.etcd.fault = () => undefined
    await message.ack()
    expect(keys()).toEqual([])
  })

  test('an acknowledgement that nobody answered was one, says the next if it was', async () => {
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? 'lost-response' : undefined)
    const ack = message.ack({ timeoutMs: 1_000 })
    const rejected = expect(ack).rejects.toMatchObject({ outcome: 'unknown' })
    await fixture.clock.advance(1_500)
    await rejected
    expect(keys()).toEqual([])
    fixture.etcd.fault = () => undefined
    await message.ack()
    expect(message.signal.aborted).toBe(true)
  })

  test('giving back what nobody answers goes on in the background', async () => {
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? 'lost-request' : undefined)
    const nack = message.nack()
    await fixture.clock.advance(6_000)
    await nack
    fixture.etcd.fault = () => undefined
    await fixture.clock.advance(4_000)
    expect(kinds()).not.toContain('claim')
  })

  test('leaving the block of an `await using` gives back what is not settled', async () => {
    await message[Symbol.asyncDispose]()
    expect(kinds()).toEqual(['body', 'item', 'try'])
  })
})

test('an item that was tried too often by those who died is given up', async () => {
  const client = fixture.client()
  const queue = client.queue<string>('q', { maxAttempts: 1 })
  await queue.push('poison')
  await take({ maxAttempts: 1 })
  const { store } = fixture.etcd
  store.revoke([...store.leases].at(-1)!)
  await client.txn({ then: [] })
  await queue.push('good')
  const { value } = await queue.consume().next()
  expect((value as Message<string>).value).toBe('good')
  expect((await queue.deadLetters()).map((letter) => letter.value)).toEqual(['poison'])
})
