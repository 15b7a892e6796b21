import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { Fault } from '../fake/fake-etcd.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'
import { putKeys } from '../fake/put-keys.test-support.js'
import { QueueLayout } from './layout.js'
import type { Queue } from './queue.js'

let fixture: Bench
let queue: Queue<string>
beforeEach(() => {
  fixture = bench()
  fixture.clock.chance = 0.1
  queue = fixture.client().queue<string>('q')
})

const kinds = (): string[] =>
  fixture.etcd.store.keys().map((key) => key.replace(/^q\/(\w+)\/.*/, '$1'))

/** A consumer of its own client, who acknowledges everything. */
function collect(into: string[] = []): { values: string[]; end: () => void } {
  const controller = new AbortController()
  void (async () => {
    const { signal } = controller
    for await (const message of fixture.client().queue<string>('q').consume({ signal })) {
      into.push(message.value)
      await message.ack()
    }
  })()
  return { values: into, end: () => controller.abort() }
}

describe('a delayed item', () => {
  test('is delivered when its time has come, and not before', async () => {
    const { values } = collect()
    await queue.push('later', { delayMs: 1_000 })
    expect(await queue.stats()).toEqual({ items: 0, claimed: 0, delayed: 1, dead: 0 })
    await fixture.clock.advance(999)
    const others = collect(values)
    await settle()
    expect(values).toEqual([])
    await fixture.clock.advance(1)
    expect(values).toEqual(['later'])
    others.end()
    expect(kinds()).toEqual([])
  })

  test('comes behind what was there when it fell due, and before what came after that', async () => {
    await queue.push('due third', { delayMs: 200 })
    await queue.push('due second', { delayMs: 100 })
    await queue.push('first')
    await fixture.clock.advance(100)
    // Whoever looks brings in what is due: nobody has, so this comes before it.
    await queue.push('before anybody looked')
    const { values } = collect()
    await settle()
    await queue.push('after that')
    await fixture.clock.advance(100)
    expect(values).toEqual([
      'first',
      'before anybody looked',
      'due second',
      'after that',
      'due third',
    ])
  })

  test('stands in its priority when it is due', async () => {
    await queue.push('low', { delayMs: 100, priority: -1 })
    await queue.push('high', { delayMs: 100, priority: 1 })
    await queue.push('normal')
    await fixture.clock.advance(100)
    const { values } = collect()
    await settle()
    expect(values).toEqual(['high', 'normal', 'low'])
  })

  test('wakes who waits for a later one', async () => {
    const { values } = collect()
    await queue.push('in an hour', { delayMs: 3_600_000 })
    await fixture.clock.advance(10)
    await queue.push('in a minute', { delayMs: 60_000 })
    await queue.push('in a second', { delayMs: 1_000 })
    await fixture.clock.advance(1_000)
    expect(values).toEqual(['in a second'])
    await fixture.clock.advance(59_001)
    expect(values).toEqual(['in a second', 'in a minute'])
    await fixture.clock.advance(3_539_900)
    expect(values).toHaveLength(2)
    await fixture.clock.advance(100)
    expect(values).toHaveLength(3)
  })

  test('is not forgotten by a consumer who always finds something else', async () => {
    for (let item = 0; item < 50; item++) await queue.push(`item ${item}`)
    await queue.push('due', { delayMs: 500, priority: 1 })
    const seen: string[] = []
    for await (const message of queue.consume()) {
      seen.push(message.value)
      await message.ack()
      if (message.value === 'due') break
      await fixture.clock.advance(100)
    }
    expect(seen).toHaveLength(6)
  })

  test('is late by a minute at most when the wall clock is set', async () => {
    const { values } = collect()
    await queue.push('tomorrow', { delayMs: 86_400_000 })
    await fixture.clock.advance(1)
    fixture.clock.suspend(86_400_000)
    await fixture.clock.advance(60_000)
    expect(values).toEqual(['tomorrow'])
  })

  test('costs who waits one look a minute', async () => {
    const { end } = collect()
    await queue.push('tomorrow', { delayMs: 86_400_000 })
    await fixture.clock.advance(1)
    const looks = (): number => fixture.etcd.sent.filter(({ name }) => name === 'txn').length
    const before = looks()
    await fixture.clock.advance(600_000)
    expect(looks() - before).toBeLessThanOrEqual(11)
    end()
  })
})

describe('a consumer who brings in what is due', () => {
  const batch = (): Promise<unknown> =>
    Promise.all(['a', 'b', 'c'].map((item) => queue.push(item, { delayMs: 100 })))

  /** The fate of the first move: the second transaction after a look, which is one too. */
  function atMove(fault: Fault): void {
    const faults = [undefined, fault]
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? faults.shift() : undefined)
  }

  test.each<Fault>(['hang', 'lost-request', 'lost-response', 'late'])(
    'and dies in the middle of it (%s) takes nothing with him, and doubles nothing',
    async (fault) => {
      await batch()
      await fixture.clock.advance(100)
      const dying = new AbortController()
      const mortal = fixture.client().queue<string>('q')
      atMove(fault)
      const next = mortal.consume({ signal: dying.signal }).next()
      await settle()
      dying.abort()
      await next
      expect(kinds().filter((kind) => ['item', 'delayed'].includes(kind))).toHaveLength(3)
      fixture.etcd.fault = () => undefined
      const { values } = collect()
      await fixture.clock.advance(1)
      // What he had sent arrives when all is done.
      fixture.etcd.deliverLate()
      fixture.etcd.changed()
      await fixture.clock.advance(5_000)
      expect(values).toEqual(['a', 'b', 'c'])
      expect(kinds()).toEqual([])
    },
  )

  test('does it once, whoever else does it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 5 }), async (scheduler, count) => {
        fixture = bench()
        queue = fixture.client().queue<string>('q')
        const due = Array.from({ length: 70 }, (_, item) => `${item}`)
        for (const [index, item] of due.entries()) await queue.push(item, { delayMs: 100 + index })
        await fixture.clock.advance(200)
        fixture.etcd.travel = (leg) => scheduler.schedule(Promise.resolve(), leg)
        const values: string[] = []
        const consumers = Array.from({ length: count }, () => collect(values))
        for (let idle = 0; idle < 20; idle++) {
          await settle()
          if (scheduler.count() > 0) idle = 0
          if (scheduler.count() > 0) await scheduler.waitNext(1)
        }
        expect([...values].sort()).toEqual([...due].sort())
        const order = fixture.etcd.store.history.flatMap(({ events }) =>
          events.flatMap(({ type, kv }) => (type === 'PUT' ? (kv ?? []) : [])),
        )
        const moved = order.filter(({ key }) => Buffer.from(key).toString().startsWith('q/item/'))
        expect(moved).toHaveLength(due.length)
        for (const { end } of consumers) end()
      }),
      { numRuns: 5 },
    )
  })

  test('brings in many at once in the order in which they fell due', async () => {
    const due = Array.from({ length: 150 }, (_, item) => `${item}`)
    const shuffled = [...due].sort((left, right) => left.localeCompare(right))
    for (const item of shuffled) await queue.push(item, { delayMs: 100 + Number(item) })
    await fixture.clock.advance(1_000)
    const { values } = collect()
    await settle()
    while (values.length < due.length) await settle()
    expect(values).toEqual(due)
  })

  test('does not look through the many that are not due', async () => {
    const { store } = fixture.etcd
    const layout = new QueueLayout('q')
    const { wallMs } = fixture.clock.now()
    const later = Array.from({ length: 20_000 }, (_, index) =>
      layout.delayedKey({ id: `${index}`, priority: 0, dueMs: wallMs + 100_000 + index * 1_000 }),
    )
    putKeys(store, ...later)
    let largest = 0
    const range = store.range.bind(store)
    store.range = (request) => {
      const result = range(request)
      largest = Math.max(largest, result.count)
      return result
    }
    await queue.push('soon', { delayMs: 1_000 })
    const { values } = collect()
    await fixture.clock.advance(1_000)
    expect(values).toEqual(['soon'])
    expect(largest).toBeLessThan(10)
  })
})
