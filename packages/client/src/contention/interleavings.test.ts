/**
 * Contenders whose requests, answers and events are delivered in any order, with connections that
 * break and leases that end: at no revision are there two holders who both believe it.
 */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AcquireTimeoutError } from '../errors.js'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { Fault } from '../fake/fake-etcd.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'
import type { HeldLock } from '../lock/held-lock.js'

const FAULTS: (Fault | undefined)[] = ['refused', 'lost-request', 'lost-response', 'late']

/** What each client does, and what is done to it. */
interface Plan {
  readonly rounds: number
  readonly steps: readonly ('nothing' | 'revoke' | 'late' | 'break' | 'time')[]
  readonly faults: readonly (Fault | undefined)[]
}

const plan: fc.Arbitrary<Plan> = fc.record({
  rounds: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(fc.constantFrom('nothing', 'revoke', 'late', 'break', 'time'), {
    minLength: 20,
    maxLength: 60,
  }),
  faults: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...FAULTS) },
    ),
    { maxLength: 60 },
  ),
})

class Run {
  readonly fixture: Bench = bench()
  readonly grants: number[] = []
  readonly held = new Set<HeldLock>()
  violations: string[] = []

  /** A hold that its holder still believes in while another is granted breaks the promise. */
  granted(lock: HeldLock): void {
    for (const other of this.held) {
      if (!other.signal.aborted) this.violations.push(`${other.key} and ${lock.key}`)
    }
    this.held.add(lock)
    this.grants.push(lock.fencingToken)
  }
}

describe('locks', () => {
  test('are held by one at a time, in any interleaving without lost sessions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), plan, async (scheduler, { rounds, faults }) => {
        const run = new Run()
        const { etcd, clock } = run.fixture
        const fates = [...faults]
        etcd.fault = ({ name }) => (name === 'txn' ? fates.shift() : undefined)
        etcd.travel = (leg) => scheduler.schedule(Promise.resolve(), leg)
        clock.chance = 0.1
        const clients = [1, 2, 3].map(() => run.fixture.client())
        const done = clients.map(async (client) => {
          for (let round = 0; round < rounds; round++) {
            const lock = await client.lock('l').acquire()
            run.granted(lock)
            await scheduler.schedule(Promise.resolve(), 'work')
            run.held.delete(lock)
            await lock.release()
          }
        })
        const all = Promise.all(done)
        await drive(run, scheduler, all)
        await all
        expect(run.violations).toEqual([])
        expect(run.grants).toEqual([...new Set(run.grants)].sort((a, b) => a - b))
        expect(run.grants).toHaveLength(3 * rounds)
        // Late duplicates of requests appear, and are swept.
        etcd.deliverLate()
        etcd.travel = () => Promise.resolve()
        etcd.fault = () => undefined
        await clock.advance(10_000)
        expect(etcd.store.keys()).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('leave no key of a contender who gave up, whatever became of his requests', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), plan, async (scheduler, { faults }) => {
        const run = new Run()
        const { etcd, clock } = run.fixture
        const holder = await run.fixture.client().lock('l').acquire()
        const fates = [...faults]
        etcd.fault = ({ name }) => (name === 'txn' ? fates.shift() : undefined)
        etcd.travel = (leg) => scheduler.schedule(Promise.resolve(), leg)
        clock.chance = 0.1
        const waits = [1, 2].map((index) =>
          run.fixture
            .client()
            .lock('l')
            .acquire({ timeoutMs: 200 * index })
            .catch((error: unknown) => error),
        )
        const all = Promise.all(waits)
        await drive(run, scheduler, all)
        for (const error of await all) expect(error).toBeInstanceOf(AcquireTimeoutError)
        etcd.travel = () => Promise.resolve()
        etcd.fault = () => undefined
        etcd.deliverLate()
        await clock.advance(10_000)
        expect(etcd.store.keys()).toEqual([holder.key])
      }),
      { numRuns: 40 },
    )
  })

  test('are lost before others get them when leases end', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ steps }) => {
        const run = new Run()
        const { etcd, clock } = run.fixture
        clock.chance = 0.1
        const ending = new AbortController()
        const clients = [1, 2, 3].map(() => run.fixture.client())
        const done = clients.map(async (client) => {
          while (!ending.signal.aborted) {
            try {
              const lock = await client.lock('l').acquire({ signal: ending.signal })
              run.grants.push(lock.fencingToken)
              await new Promise((resolve) => lock.signal.addEventListener('abort', resolve))
            } catch (error) {
              expect(error).toMatchObject({ code: 'aborted' })
            }
          }
        })
        for (const step of steps) {
          if (step === 'revoke') etcd.store.revoke([...etcd.store.leases][0]!)
          if (step === 'break') etcd.breakStreams()
          if (step === 'time') await clock.advance(4_000)
          etcd.changed()
          await clock.advance(100)
        }
        expect(run.grants).toEqual([...new Set(run.grants)].sort((a, b) => a - b))
        ending.abort()
        for (const id of [...etcd.store.leases]) etcd.store.revoke(id)
        await clock.advance(15_000)
        await Promise.all(done)
        expect(etcd.store.keys()).toEqual([])
      }),
      { numRuns: 25 },
    )
  })
})

/** Delivers what is under way in the order that the scheduler draws, and lets time pass when idle. */
async function drive(
  { fixture }: Run,
  scheduler: fc.Scheduler,
  until: Promise<unknown>,
): Promise<void> {
  const state = { over: false }
  const end = (): void => {
    state.over = true
  }
  until.then(end, end)
  for (let idle = 0; !state.over && idle < 2_000;) {
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
