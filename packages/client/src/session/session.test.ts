import { beforeEach, describe, expect, test } from 'vitest'
import type { SessionLostError } from '../errors.js'
import { LockLostError } from '../errors.js'
import { bench, type Bench } from '../fake/bench.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'
import { Hold } from './hold.js'
import type { Session } from './session.js'

let fixture: Bench
let session: Session
const forever = new AbortController().signal

beforeEach(async () => {
  fixture = bench()
  session = await fixture.core.sessions.get(forever)
})

const reason = (): string | undefined =>
  session.signal.aborted ? (session.signal.reason as SessionLostError).reason : undefined

/** A hold on a key that exists. */
function hold(key: string): Hold {
  const { store } = fixture.etcd
  store.txn({
    compare: [],
    success: [put(key)],
    failure: [],
  })
  return new Hold(session, { name: key, key, createRevision: store.revision, inDoubt: false })
}

function put(key: string): Parameters<typeof fixture.etcd.store.txn>[0]['success'][number] {
  return {
    requestPut: {
      key: Buffer.from(key),
      value: Buffer.from(''),
      lease: session.leaseId,
      prevKv: false,
      ignoreValue: false,
      ignoreLease: false,
    },
    requestRange: undefined,
    requestDeleteRange: undefined,
    requestTxn: undefined,
  }
}

describe('the deadline', () => {
  test('is never reached while keepalives are confirmed', async () => {
    await fixture.clock.advance(120_000)
    expect(session.alive).toBe(true)
    const renewals = fixture.etcd.sent.filter(({ name }) => name === 'leaseKeepAlive')
    expect(renewals.length).toBeGreaterThan(30)
    expect(renewals.length).toBeLessThan(40)
  })

  test('comes nine tenths of a TTL after the last confirmed renewal was sent', async () => {
    await fixture.clock.advance(3_334)
    fixture.etcd.fault = () => 'refused'
    await fixture.clock.advance(8_999)
    expect(reason()).toBeUndefined()
    await fixture.clock.advance(2)
    expect(reason()).toBe('unconfirmed')
  })

  test('counts from the sending, however late the answer comes', async () => {
    let slow = true
    fixture.etcd.travel = (leg) =>
      leg === '< leaseKeepAlive' && slow
        ? new Promise((resolve) => fixture.clock.schedule(1_500, resolve))
        : Promise.resolve()
    // Sent at 3.333, answered at 4.833: trusted until 12.333.
    await fixture.clock.advance(4_900)
    slow = false
    fixture.etcd.fault = () => 'refused'
    await fixture.clock.advance(7_400)
    expect(reason()).toBeUndefined()
    await fixture.clock.advance(100)
    expect(reason()).toBe('unconfirmed')
  })

  test('is noticed at use when the event loop stood still', () => {
    const held = hold('a')
    fixture.clock.stall(9_001)
    expect(held.signal.aborted).toBe(false)
    expect(() => held.assertHeld()).toThrow(LockLostError)
    expect(held.signal.aborted).toBe(true)
    expect(reason()).toBe('unconfirmed')
  })

  test('counts the sleep of the machine, during which the monotonic clock stands still', () => {
    fixture.clock.suspend(8_999)
    expect(session.alive).toBe(true)
    fixture.clock.suspend(2)
    expect(session.alive).toBe(false)
    expect(reason()).toBe('unconfirmed')
  })

  test('an answer that comes after it revives nothing', async () => {
    let release = (): void => undefined
    fixture.etcd.travel = (leg) =>
      leg === '< leaseKeepAlive'
        ? new Promise((resolve) => {
            release = resolve
          })
        : Promise.resolve()
    await fixture.clock.advance(3_400)
    fixture.clock.stall(6_000)
    release()
    await settle()
    expect(reason()).toBe('unconfirmed')
    await fixture.clock.advance(1_000)
    expect(session.alive).toBe(false)
  })
})

describe('renewal', () => {
  test('asks another member when one fails, well before the deadline', async () => {
    fixture.etcd.fault = ({ endpoint }) => (endpoint === 'http://a' ? 'hang' : undefined)
    await fixture.clock.advance(30_000)
    expect(session.alive).toBe(true)
  })

  test('ends the session when the server does not know the lease', async () => {
    const held = hold('a')
    fixture.etcd.store.revoke(session.leaseId)
    await fixture.clock.advance(3_400)
    expect(reason()).toBe('expired')
    expect(held.signal.reason).toMatchObject({ code: 'lockLost', reason: 'expired' })
    const calls = fixture.etcd.sent.length
    await fixture.clock.advance(30_000)
    expect(fixture.etcd.sent).toHaveLength(calls)
  })

  test('goes on through answers that make no sense', async () => {
    let failures = 2
    fixture.etcd.fault = ({ name }) =>
      name === 'leaseKeepAlive' && failures-- > 0 ? { code: 13, message: 'odd' } : undefined
    await fixture.clock.advance(30_000)
    expect(session.alive).toBe(true)
  })

  test('notices that a key was deleted, or replaced by another of the same name', async () => {
    const [kept, deleted, replaced] = [hold('kept'), hold('deleted'), hold('replaced')]
    const doomed = {
      requestDeleteRange: {
        key: Buffer.from('deleted'),
        rangeEnd: Buffer.from('deletee'),
        prevKv: false,
      },
    }
    const gone = { ...put(''), requestPut: undefined, ...doomed }
    fixture.etcd.store.txn({ compare: [], success: [gone], failure: [] })
    const other = {
      requestDeleteRange: {
        ...doomed.requestDeleteRange,
        key: Buffer.from('replaced'),
        rangeEnd: new Uint8Array(0),
      },
    }
    fixture.etcd.store.txn({ compare: [], success: [{ ...gone, ...other }], failure: [] })
    fixture.etcd.store.txn({ compare: [], success: [put('replaced')], failure: [] })
    await fixture.clock.advance(3_400)
    expect(kept.signal.aborted).toBe(false)
    expect(deleted.signal.reason).toMatchObject({ reason: 'deleted' })
    expect(replaced.signal.reason).toMatchObject({ reason: 'deleted' })
  })
})

describe('the lease of a session that nobody confirmed', () => {
  const revocations = (): number =>
    fixture.etcd.sent.filter(({ name }) => name === 'leaseRevoke').length

  /** From the last confirmed keepalive on. */
  async function lose(): Promise<void> {
    await fixture.clock.advance(3_334)
    fixture.etcd.fault = ({ name }) => (name === 'leaseKeepAlive' ? 'hang' : undefined)
    await fixture.clock.advance(9_000)
    expect(reason()).toBe('unconfirmed')
  }

  test('is revoked when a full TTL is over since that was sent, and not before', async () => {
    hold('a')
    await lose()
    await fixture.clock.advance(998)
    expect(revocations()).toBe(0)
    expect(fixture.etcd.store.keys()).toEqual(['a'])
    await fixture.clock.advance(10)
    expect(revocations()).toBe(1)
    expect(fixture.etcd.store.keys()).toEqual([])
    await fixture.clock.advance(60_000)
    expect(revocations()).toBe(1)
  })

  test('leaves who is told late the same time to stop', async () => {
    const held = hold('a')
    fixture.clock.stall(60_000)
    expect(() => held.assertHeld()).toThrow(LockLostError)
    await fixture.clock.advance(999)
    expect(revocations()).toBe(0)
    await fixture.clock.advance(1)
    expect(revocations()).toBe(1)
  })

  test('lives its TTL when a wall clock that was set forward ended the session', async () => {
    hold('a')
    fixture.clock.suspend(3_600_000)
    expect(session.alive).toBe(false)
    await fixture.clock.advance(9_999)
    expect(revocations()).toBe(0)
    await fixture.clock.advance(1)
    expect(revocations()).toBe(1)
  })

  test('is revoked when the outage is over', async () => {
    hold('a')
    await lose()
    fixture.etcd.fault = () => 'hang'
    await fixture.clock.advance(45_000)
    fixture.etcd.fault = () => undefined
    await fixture.clock.advance(15_000)
    expect(fixture.etcd.store.leases.size).toBe(0)
  })

  test('is left to expire when it cannot be revoked for long', async () => {
    await lose()
    fixture.clock.chance = 0.5
    fixture.etcd.fault = () => 'hang'
    await fixture.clock.advance(600_000)
    const asked = fixture.etcd.sent.length
    await fixture.clock.advance(600_000)
    expect(fixture.etcd.sent).toHaveLength(asked)
  })

  test('is left alone when the client closes', async () => {
    await lose()
    await fixture.core.rpc.close()
    await fixture.clock.advance(60_000)
    expect(revocations()).toBe(0)
  })

  test('is left alone when the server says that it is gone', async () => {
    session.end('expired')
    await fixture.clock.advance(60_000)
    expect(revocations()).toBe(0)
  })
})

describe('the sweeper', () => {
  test('deletes a key that appears after it was given up, and stops after a minute', async () => {
    session.sweeper.add('ghost')
    await fixture.clock.advance(3_400)
    fixture.etcd.store.txn({ compare: [], success: [put('ghost')], failure: [] })
    expect(fixture.etcd.store.keys()).toEqual(['ghost'])
    await fixture.clock.advance(3_400)
    expect(fixture.etcd.store.keys()).toEqual([])
    await fixture.clock.advance(70_000)
    const calls = fixture.etcd.sent.filter(({ name }) => name === 'txn').length
    await fixture.clock.advance(30_000)
    expect(fixture.etcd.sent.filter(({ name }) => name === 'txn')).toHaveLength(calls)
  })

  test('deletes one that appears just after it was given up long before the next keepalive', async () => {
    session.sweeper.add('ghost')
    await fixture.clock.advance(100)
    session.sweeper.add('another')
    fixture.etcd.store.txn({ compare: [], success: [put('ghost'), put('another')], failure: [] })
    await fixture.clock.advance(100)
    expect(fixture.etcd.store.keys()).toEqual([])
    expect(fixture.etcd.sent.filter(({ name }) => name === 'txn')).toHaveLength(1)
  })

  test('counts the minute from the first deletion that was confirmed', async () => {
    session.sweeper.add('ghost')
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? { code: 13, message: 'odd' } : undefined)
    await fixture.clock.advance(100_000)
    fixture.etcd.fault = () => undefined
    fixture.etcd.store.txn({ compare: [], success: [put('ghost')], failure: [] })
    await fixture.clock.advance(3_400)
    expect(fixture.etcd.store.keys()).toEqual([])
  })
})

describe('a hold', () => {
  test('is told of its session only until it is released', async () => {
    const held = hold('a')
    await held.release()
    await held.release()
    expect(held.signal.reason).toMatchObject({ reason: 'released' })
    expect(fixture.etcd.store.keys()).toEqual([])
    session.end('expired')
    expect(held.signal.reason).toMatchObject({ reason: 'released' })
  })

  test('that was lost deletes nothing when it is released', async () => {
    const held = hold('a')
    held.lose('deleted')
    const calls = fixture.etcd.sent.length
    await held.release()
    expect(fixture.etcd.sent).toHaveLength(calls)
  })

  test('that cannot be released now is released in the background', async () => {
    const held = hold('a')
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? 'lost-request' : undefined)
    const released = held.release()
    await fixture.clock.advance(6_000)
    await released
    expect(fixture.etcd.store.keys()).toEqual(['a'])
    fixture.etcd.fault = () => undefined
    await fixture.clock.advance(3_400)
    expect(fixture.etcd.store.keys()).toEqual([])
  })

  test('of a session that has ended is lost from the start', () => {
    session.end('expired')
    expect(hold('a').signal.reason).toMatchObject({ reason: 'expired' })
  })

  test('holders are told before the session is, so before anyone can go on with a new one', () => {
    const held = hold('a')
    let told = false
    session.signal.addEventListener('abort', () => {
      told = held.signal.aborted
    })
    session.end('unconfirmed')
    expect(told).toBe(true)
  })
})

describe('the session of a client', () => {
  test('is shared by all, and begun anew after a loss', async () => {
    const { sessions } = fixture.core
    expect(await sessions.get(forever)).toBe(session)
    session.end('expired')
    const [next, same] = await Promise.all([sessions.get(forever), sessions.get(forever)])
    expect(next).not.toBe(session)
    expect(same).toBe(next)
    expect(next.leaseId).not.toBe(session.leaseId)
  })

  test('one caller who gives up does not take it from the others', async () => {
    session.end('expired')
    fixture.etcd.fault = ({ name }) => (name === 'leaseGrant' ? 'hang' : undefined)
    const controller = new AbortController()
    const impatient = fixture.core.sessions.get(controller.signal)
    const patient = fixture.core.sessions.get(forever)
    await settle()
    controller.abort()
    await expect(impatient).rejects.toMatchObject({ code: 'aborted' })
    fixture.etcd.fault = () => undefined
    await fixture.clock.advance(5_000)
    expect((await patient).alive).toBe(true)
  })

  test('ends with its lease when the client closes', async () => {
    const held = hold('a')
    await fixture.core.beginClosing()
    expect(held.signal.reason).toMatchObject({ reason: 'closed' })
    expect(fixture.etcd.store.keys()).toEqual(['a'])
    await fixture.core.sessions.close(1_000)
    expect(fixture.etcd.store.keys()).toEqual([])
    expect(fixture.etcd.store.leases.size).toBe(0)
    await expect(fixture.core.sessions.get(forever)).rejects.toMatchObject({ code: 'closed' })
  })
})
