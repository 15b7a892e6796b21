/**
 * Producers and consumers whose requests, answers and events are delivered in any order: the queue
 * keeps the order that its revisions say, and nothing is lost or delivered twice.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'
import { QueueLayout } from './layout.js'
import type { PushOptions } from './options.js'

const layout = new QueueLayout('q')

interface Delivery {
  readonly id: string
  readonly priority: number
  /** The store's revision when the consumer asked for it. */
  readonly askedAt: number
  readonly claimedAt: number
}

/** Where every item came into the queue, by the history of the store. */
function entriesOf({
  etcd,
}: Bench): Map<string, { readonly revision: number; readonly key: string }> {
  const entries = new Map<string, { revision: number; key: string }>()
  for (const { revision, events } of etcd.store.history) {
    for (const { type, kv } of events) {
      const key = Buffer.from(kv!.key).toString()
      const item = type === 'PUT' ? layout.parseItem(key) : undefined
      if (item !== undefined) entries.set(item.id, { revision, key })
    }
  }
  return entries
}

async function consumeUntil(
  fixture: Bench,
  signal: AbortSignal,
  onDelivery: (delivery: Delivery) => void,
): Promise<void> {
  const queue = fixture.client().queue('q')
  let askedAt = fixture.etcd.store.revision
  for await (const { id, priority, fencingToken, ack } of queue.consume({ signal })) {
    onDelivery({ id, priority, askedAt, claimedAt: fencingToken })
    await ack()
    askedAt = fixture.etcd.store.revision
  }
}

/** Delivers what is under way in the order that the scheduler draws, and lets time pass when idle. */
async function drive(fixture: Bench, scheduler: fc.Scheduler, over: () => boolean): Promise<void> {
  for (let idle = 0; !over() && idle < 2_000;) {
    await settle()
    if (scheduler.count() > 0) {
      idle = 0
      await scheduler.waitNext(1)
    } else {
      idle++
      await fixture.clock.advance(20)
    }
  }
}

const pushes = fc.array(
  fc.record<PushOptions>({
    priority: fc.constantFrom(0, 0, 0, 1, 2, -1),
    delayMs: fc.constantFrom(0, 0, 0, 20, 100),
  }),
  { minLength: 1, maxLength: 12 },
)

describe('a queue', () => {
  test('is delivered in its order, whatever its producers, consumers and clocks do', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(pushes, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 3 }),
        async (scheduler, plans, consumers) => {
          const fixture = bench()
          fixture.clock.chance = 0.1
          fixture.etcd.travel = (leg) => scheduler.schedule(Promise.resolve(), leg)
          const deliveries: Delivery[] = []
          const done = new AbortController()
          const consuming = Array.from({ length: consumers }, () =>
            consumeUntil(fixture, done.signal, (delivery) => deliveries.push(delivery)),
          )
          const pushed: string[] = []
          for (const plan of plans) {
            const queue = fixture.client().queue('q')
            void (async () => {
              for (const options of plan) pushed.push(await queue.push('x', options))
            })()
          }
          const total = plans.flat().length
          await drive(fixture, scheduler, () => deliveries.length === total)
          const entries = entriesOf(fixture)
          const claims = [...deliveries].sort((left, right) => left.claimedAt - right.claimedAt)
          expect(claims.map(({ id }) => id).sort()).toEqual([...pushed].sort())
          for (const [index, claim] of claims.entries()) {
            const mine = entries.get(claim.id)!
            for (const later of claims.slice(index + 1)) {
              const theirs = entries.get(later.id)!
              // Within a priority, exactly.
              const isOlder =
                theirs.revision < mine.revision ||
                (theirs.revision === mine.revision && theirs.key < mine.key)
              expect(later.priority === claim.priority && isOlder).toBe(false)
              // What was there when it was asked for, and of a higher priority, had gone before.
              const wasThere = theirs.revision <= claim.askedAt
              expect(later.priority > claim.priority && wasThere).toBe(false)
            }
          }
          fixture.etcd.travel = () => Promise.resolve()
          done.abort()
          await drive(fixture, scheduler, () => scheduler.count() === 0)
          await fixture.clock.advance(100)
          await Promise.all(consuming)
        },
      ),
      { numRuns: 40 },
    )
  })
})
