import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'

let fixture: Bench
beforeEach(() => {
  fixture = bench({ label: 'node-7' })
})

describe('campaign', () => {
  test('proclaims what it was given, and otherwise who is speaking', async () => {
    const election = fixture.client().election('e')
    const given = await election.campaign('')
    expect((await election.leader())?.value).toBe('')
    await given.resign()
    await election.campaign(undefined, { timeoutMs: 1_000 })
    expect((await election.leader())?.entry.json()).toMatchObject({
      label: 'node-7',
      pid: process.pid,
      since: new Date(fixture.clock.now().wallMs).toISOString(),
    })
  })
})

describe('lead', () => {
  test('gives up when not elected in time, and leaves no candidate', async () => {
    const [a, b] = [fixture.client(), fixture.client()]
    const leadership = await a.election('e').campaign('a')
    let worked = false
    const leading = b.election('e').lead(
      () => {
        worked = true
      },
      { timeoutMs: 1_000 },
    )
    const late = expect(leading).rejects.toMatchObject({
      code: 'timeout',
      outcome: 'not-applied',
    })
    await fixture.clock.advance(999)
    expect(fixture.etcd.store.keys()).toHaveLength(2)
    await fixture.clock.advance(1)
    await late
    expect(fixture.etcd.store.keys()).toEqual([leadership.key])
    await leadership.resign()
    await fixture.clock.advance(10_000)
    expect(worked).toBe(false)
  })

  test('counts outages, whatever it is waiting for then', async () => {
    fixture.clock.chance = 0.9
    const faults = ['refused', 'hang'] as const
    for (const fault of faults) {
      fixture.etcd.fault = () => fault
      const leading = fixture
        .client()
        .election('e')
        .lead(() => undefined, { timeoutMs: 20_000 })
      const late = expect(leading).rejects.toMatchObject({ code: 'timeout' })
      await fixture.clock.advance(20_000)
      await late
    }
  })

  test('limits neither a term nor the wait for the next', async () => {
    const client = fixture.client()
    const terms: number[] = []
    const leading = client.election('e').lead(
      async ({ signal, fencingToken }) => {
        terms.push(fencingToken)
        if (terms.length === 2) return 'done'
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        return 'lost'
      },
      { timeoutMs: 1_000 },
    )
    await fixture.clock.advance(5_000)
    fixture.etcd.store.revoke((await client.session()).leaseId)
    fixture.etcd.changed()
    const rival = await fixture.client().election('e').campaign('rival')
    await fixture.clock.advance(60_000)
    expect(terms).toHaveLength(1)
    await rival.resign()
    await fixture.clock.advance(1_000)
    expect(await leading).toBe('done')
  })

  test('ends with the value or the error of a worker that ends while it leads', async () => {
    const election = fixture.client().election('e')
    expect(await election.lead(() => 'done')).toBe('done')
    await expect(election.lead(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
    expect(fixture.etcd.store.keys()).toEqual([])
  })

  test.each([
    ['returned', () => 'too late'],
    ['threw', () => Promise.reject(new Error('too late'))],
  ])('campaigns again after a loss, whatever the worker %s then', async (_, end) => {
    const client = fixture.client()
    let terms = 0
    const leading = client.election('e').lead(async ({ signal }) => {
      if (++terms === 2) return 'done'
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return end()
    })
    await settle()
    fixture.etcd.store.revoke((await client.session()).leaseId)
    fixture.etcd.changed()
    await fixture.clock.advance(10_000)
    expect(await leading).toBe('done')
  })

  test('gives what a worker returned whom its caller told to stop', async () => {
    const controller = new AbortController()
    const leading = fixture
      .client()
      .election('e')
      .lead(
        async ({ signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          return 'stopped'
        },
        { signal: controller.signal },
      )
    await settle()
    controller.abort()
    expect(await leading).toBe('stopped')
  })

  test('still ends quietly with its signal', async () => {
    await fixture.client().election('e').campaign('a')
    const controller = new AbortController()
    const { signal } = controller
    const leading = fixture
      .client()
      .election('e')
      .lead(() => 'led', { signal, timeoutMs: 1_000 })
    await settle()
    controller.abort()
    const result = await leading
    expect(result).toBeUndefined()
  })
})

describe('observe', () => {
  /** Collects what is observed, and how it ended. */
  function collect(options: object): { seen: (string | undefined)[]; ended: Promise<unknown> } {
    const seen: (string | undefined)[] = []
    const run = async (): Promise<string> => {
      for await (const leader of fixture.client().election('e').observe(options)) {
        seen.push(leader?.value)
      }
      return 'ended'
    }
    return { seen, ended: run().catch((error: unknown) => error) }
  }

  test('gives up when nothing changes for long enough', async () => {
    const { seen, ended } = collect({ timeoutMs: 1_000 })
    await fixture.clock.advance(900)
    const leadership = await fixture.client().election('e').campaign('a')
    await fixture.clock.advance(900)
    await leadership.proclaim('b')
    await fixture.clock.advance(999)
    expect(seen).toEqual([undefined, 'a', 'b'])
    await fixture.clock.advance(1)
    expect(await ended).toMatchObject({ code: 'timeout', outcome: 'not-applied' })
    const asked = fixture.etcd.sent.filter(({ name }) => name === 'watch').length
    await leadership.resign()
    await fixture.clock.advance(60_000)
    expect(fixture.etcd.sent.filter(({ name }) => name === 'watch')).toHaveLength(asked)
  })

  test('counts the wait for the first leader, but not what the loop takes', async () => {
    fixture.etcd.fault = () => 'hang'
    const never = collect({ timeoutMs: 1_000 })
    await fixture.clock.advance(1_000)
    expect(await never.ended).toMatchObject({ code: 'timeout' })
    fixture.etcd.fault = () => undefined
    const leadership = await fixture.client().election('e').campaign('a')
    const leaders = fixture.client().election('e').observe({ timeoutMs: 1_000 })
    expect((await leaders.next()).value?.value).toBe('a')
    await fixture.clock.advance(5_000)
    await leadership.proclaim('b')
    expect((await leaders.next()).value?.value).toBe('b')
    await leaders.return()
  })

  test('ends quietly with its signal, and with its client', async () => {
    const controller = new AbortController()
    const { seen, ended } = collect({ signal: controller.signal, timeoutMs: 60_000 })
    await settle()
    controller.abort()
    expect(await ended).toBe('ended')
    expect(seen).toEqual([undefined])
    const client = fixture.client()
    const next = client.election('e').observe()
    expect((await next.next()).done).toBe(false)
    const last = next.next()
    await settle()
    await client.close()
    expect((await last).done).toBe(true)
  })
})
