import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { Fault } from '../fake/fake-etcd.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'

let fixture: Bench
beforeEach(() => {
  fixture = bench()
})

const transactions = (): number => fixture.etcd.sent.filter(({ name }) => name === 'txn').length

describe('what it costs', () => {
  test('a free lock is one request to take and one to release', async () => {
    const client = fixture.client()
    await (await client.lock('a').acquire()).release()
    const before = fixture.etcd.sent.length
    const lock = await client.lock('b').acquire()
    expect(fixture.etcd.sent).toHaveLength(before + 1)
    await lock.release()
    expect(fixture.etcd.sent).toHaveLength(before + 2)
  })

  test('a release wakes one waiter, not all', async () => {
    const clients = [1, 2, 3, 4, 5].map(() => fixture.client())
    const first = await clients[0]!.lock('a').acquire()
    for (const client of clients.slice(1)) {
      void client.lock('a').acquire()
      await settle()
    }
    const before = transactions()
    await first.release()
    await settle()
    // The release, and one look of the one who was next.
    expect(transactions()).toBe(before + 2)
  })

  test('making a client, a lock, an election and a queue sends nothing', async () => {
    const client = fixture.client()
    client.lock('a')
    client.election('a')
    client.queue('a')
    client.watch('a')
    await fixture.clock.advance(60_000)
    expect(fixture.etcd.sent).toEqual([])
    await client.close()
  })
})

describe('a waiter', () => {
  test('whose predecessor leaves goes on waiting for the one before', async () => {
    const [a, b, c] = [fixture.client(), fixture.client(), fixture.client()]
    const held = await a.lock('l').acquire()
    const controller = new AbortController()
    const gone = b
      .lock('l')
      .acquire({ signal: controller.signal })
      .catch(() => 'gone')
    await settle()
    let granted = false
    const waiting = c
      .lock('l')
      .acquire()
      .then(() => {
        granted = true
      })
    await settle()
    controller.abort()
    expect(await gone).toBe('gone')
    await fixture.clock.advance(1_000)
    expect(granted).toBe(false)
    await held.release()
    await fixture.clock.advance(1_000)
    await waiting
  })

  test('whose own key was deleted does not believe that it is first', async () => {
    const [a, b] = [fixture.client(), fixture.client()]
    const held = await a.lock('l').acquire()
    let key = ''
    const waiting = b
      .lock('l')
      .acquire()
      .then((lock) => {
        key = lock.key
        return lock
      })
    await settle()
    const [waiter] = (await a.lock('l').inspect()).waiters
    fixture.etcd.store.revoke(waiter!.lease)
    fixture.etcd.changed()
    await held.release()
    await fixture.clock.advance(5_000)
    const lock = await waiting
    expect(key).not.toBe(waiter!.key)
    expect(fixture.etcd.store.keys()).toContain(lock.key)
  })

  test('whose time is over, or whose session is, does not leave its member for that', async () => {
    const [a, b] = [fixture.client(), fixture.client()]
    await a.lock('l').acquire()
    const late = expect(b.lock('l').acquire({ timeoutMs: 500 })).rejects.toThrow(/not free/)
    await fixture.clock.advance(500)
    await late
    void b.lock('l').acquire()
    await settle()
    fixture.etcd.store.revoke((await b.session()).leaseId)
    fixture.etcd.changed()
    await fixture.clock.advance(4_000)
    expect((await a.lock('l').inspect()).waiters).toHaveLength(1)
    expect(new Set(fixture.etcd.sent.map(({ endpoint }) => endpoint))).toEqual(
      new Set(['http://a']),
    )
  })
})

describe('a contender who gave up', () => {
  const troubles: readonly (readonly [string, readonly (Fault | undefined)[]])[] = [
    ['and his request arrives after he left', ['late']],
    ['and nobody answers his leaving', [undefined, ...Array<Fault>(10).fill('lost-request')]],
  ]
  test.each(troubles)('leaves nothing, %s', async (_, faults) => {
    const held = await fixture.client().lock('l').acquire()
    const fates = [...faults]
    fixture.clock.chance = 0.5
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? fates.shift() : undefined)
    const giving = fixture.client().lock('l').acquire({ timeoutMs: 500 })
    const gaveUp = expect(giving).rejects.toMatchObject({ code: 'acquireTimeout' })
    await fixture.clock.advance(1_400)
    await gaveUp
    fixture.etcd.deliverLate()
    expect(fixture.etcd.store.keys()).toHaveLength(2)
    await fixture.clock.advance(8_000)
    expect(fixture.etcd.store.keys()).toEqual([held.key])
  })
})

describe('tryAcquire', () => {
  test('costs one request when somebody else has the lock, and leaves nothing', async () => {
    const [holder, other] = [fixture.client(), fixture.client()]
    const held = await holder.lock('l').tryAcquire()
    const free = await other.lock('another').tryAcquire()
    await free?.release()
    const before = fixture.etcd.sent.filter(({ name }) => name === 'txn').length
    expect(await other.lock('l').tryAcquire()).toBeUndefined()
    expect(fixture.etcd.sent.filter(({ name }) => name === 'txn')).toHaveLength(before + 1)
    expect(fixture.etcd.store.keys()).toEqual([held?.key])
  })

  test('recognises the key that an attempt without an answer created', async () => {
    const client = fixture.client()
    let lost = 1
    fixture.etcd.fault = ({ name }) => (name === 'txn' && lost-- > 0 ? 'lost-response' : undefined)
    const trying = client.lock('l').tryAcquire()
    await fixture.clock.advance(1_000)
    const lock = await trying
    expect(lock?.fencingToken).toBeGreaterThan(0)
    expect(fixture.etcd.store.keys()).toEqual([lock?.key])
  })
})

describe('run', () => {
  test('rejects when the lock was lost, though the work did not notice', async () => {
    const client = fixture.client()
    const run = client.lock('l').run(() => {
      fixture.clock.stall(9_500)
      return 'done'
    })
    await expect(run).rejects.toMatchObject({ code: 'lockLost', reason: 'unconfirmed' })
  })

  test('the error of the work wins over that of the loss', async () => {
    const client = fixture.client()
    const run = client.lock('l').run(() => {
      fixture.clock.stall(9_500)
      throw new Error('mine')
    })
    await expect(run).rejects.toThrow('mine')
  })

  test('work that released the lock itself has not lost it', async () => {
    const client = fixture.client()
    const result = await client.lock('l').run(async (lock) => {
      await lock.release()
      return 'done'
    })
    expect(result).toBe('done')
  })
})
