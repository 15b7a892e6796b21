import { etcdErrors } from '@holdfast/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Holdfast } from '../client.js'
import { AcquireTimeoutError } from '../errors.js'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { Fault } from '../fake/fake-etcd.test-support.js'

let fixture: Bench
beforeEach(() => {
  fixture = bench({ label: 'the holder' })
  fixture.clock.chance = 0.5
})

/** What a caller may be late by: leaving the queue and looking who has it, a quarter second each. */
const OVERTIME_MS = 500

type Waiting = (client: Holdfast, timeoutMs?: number) => Promise<unknown>
const ways: readonly (readonly [string, Waiting])[] = [
  ['acquire', (client, timeoutMs) => client.lock('l').acquire({ timeoutMs })],
  ['run', (client, timeoutMs) => client.lock('l').run(() => undefined, { timeoutMs })],
  ['campaign', (client, timeoutMs) => client.election('l').campaign('x', { timeoutMs })],
]

interface Outcome {
  readonly error: unknown
  readonly afterMs: number
}

/** How the wait ends, with time going by in steps of 50 ms. */
async function outcomeOf(waiting: Promise<unknown>, meanwhile?: () => void): Promise<Outcome> {
  const startMs = fixture.clock.now().monotonicMs
  const state: { error?: unknown } = {}
  const settled = waiting.then(
    () => (state.error = 'settled'),
    (error: unknown) => (state.error = error),
  )
  while (state.error === undefined) {
    const elapsed = fixture.clock.now().monotonicMs - startMs
    if (elapsed > 60_000) throw new Error('it waits for ever')
    if (elapsed >= 1_000) meanwhile?.()
    await fixture.clock.advance(50)
  }
  await settled
  return { error: state.error, afterMs: fixture.clock.now().monotonicMs - startMs }
}

describe.each(ways)('%s, when its time is over', (_, wait) => {
  test('says that others had it, and who, in time', async () => {
    await fixture.client().lock('l').acquire()
    const { error, afterMs } = await outcomeOf(wait(fixture.client(), 20_000))
    expect(error).toBeInstanceOf(AcquireTimeoutError)
    expect(error).toMatchObject({ code: 'acquireTimeout', holder: { label: 'the holder' } })
    expect(afterMs).toBe(20_000)
  })

  const outages: readonly (readonly [string, Fault])[] = [
    ['timeout', 'hang'],
    ['noQuorum', etcdErrors.noLeader],
    ['noQuorum', etcdErrors.timeout],
    ['connectionFailed', 'refused'],
  ]
  test.each(outages)('says %s when the cluster never answered (%j)', async (code, fault) => {
    fixture.etcd.fault = () => fault
    for (const timeoutMs of [2_000, 20_000]) {
      const { error, afterMs } = await outcomeOf(wait(fixture.client(), timeoutMs))
      expect(error).not.toBeInstanceOf(AcquireTimeoutError)
      expect(error).toMatchObject({ code, retryable: true, outcome: 'not-applied' })
      expect((error as Error).message).toContain(`${timeoutMs} ms`)
      expect(afterMs).toBeGreaterThanOrEqual(timeoutMs)
      expect(afterMs).toBeLessThanOrEqual(timeoutMs + OVERTIME_MS)
    }
  })

  test.each(outages)('says %s when it stopped answering (%j)', async (code, fault) => {
    await fixture.client().lock('l').acquire()
    const fail = (): void => {
      if (fixture.etcd.fault({ name: 'txn', endpoint: '', headers: {} }) !== undefined) return
      fixture.etcd.fault = () => fault
      fixture.etcd.breakStreams()
    }
    const { error, afterMs } = await outcomeOf(wait(fixture.client(), 12_000), fail)
    expect(error).toMatchObject({ code, outcome: 'not-applied' })
    expect(afterMs).toBeGreaterThanOrEqual(12_000)
    expect(afterMs).toBeLessThanOrEqual(12_000 + OVERTIME_MS)
  })

  test('outlasts an outage that is over before', async () => {
    fixture.etcd.fault = () => 'hang'
    const heal = (): void => {
      if (fixture.clock.now().monotonicMs > 18_000) fixture.etcd.fault = () => undefined
    }
    expect((await outcomeOf(wait(fixture.client(), 40_000), heal)).error).toBe('settled')
  })
})

test.each(ways)('%s without a limit ends with the time of one request', async (_, wait) => {
  fixture.etcd.fault = () => 'hang'
  const { error, afterMs } = await outcomeOf(wait(fixture.client()))
  expect(error).toMatchObject({ code: 'timeout' })
  expect(error).not.toBeInstanceOf(AcquireTimeoutError)
  expect(afterMs).toBeLessThanOrEqual(15_000)
})

test('closing does not wait for a session that nobody got', async () => {
  fixture.etcd.fault = () => 'hang'
  const client = fixture.client()
  await outcomeOf(client.lock('l').acquire({ timeoutMs: 1_000 }))
  expect((await outcomeOf(client.close())).afterMs).toBeLessThanOrEqual(OVERTIME_MS)
})
