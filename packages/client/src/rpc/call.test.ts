import {
  etcdErrors,
  HoldfastError,
  RangeRequest,
  requestIdExpired,
  routes,
} from '@holdfast/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { Fault } from '../fake/fake-etcd.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'
import type { CallOptions, Reply } from './call.js'

let fixture: Bench
beforeEach(() => {
  fixture = bench()
})

const key = new Uint8Array([1])
const call = (options: CallOptions): Promise<Reply<unknown>> =>
  fixture.core.rpc.call(routes.txn, { success: [{ requestPut: { key } }] }, options)

/** The faults of the requests of this path, in turn; then none. */
function script(...faults: (Fault | undefined)[]): void {
  fixture.etcd.fault = ({ name }) =>
    name === 'txn' || name === 'range' ? faults.shift() : undefined
}

const endpointsAsked = (): string[] =>
  fixture.etcd.sent
    .filter(({ name }) => name !== 'version')
    .map(({ endpoint }) => endpoint.slice(-1))

const failure = async (promise: Promise<unknown>): Promise<HoldfastError> => {
  const error: unknown = await promise.then(() => undefined).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(HoldfastError)
  return error as HoldfastError
}

describe('which requests are repeated, on a plain etcd', () => {
  const repeats: readonly (readonly [CallOptions['repetition'], Fault, boolean])[] = [
    ['safe', 'refused', true],
    ['safe', 'lost-response', true],
    ['safe', etcdErrors.noLeader, true],
    ['safe', etcdErrors.leaderChanged, true],
    ['safe', etcdErrors.timeout, true],
    ['safe', etcdErrors.emptyKey, false],
    ['safe', etcdErrors.corrupt, false],
    ['repeatable', 'lost-response', true],
    ['repeatable', 'lost-request', true],
    ['repeatable', etcdErrors.timeout, true],
    ['repeatable', etcdErrors.noSpace, true],
    ['once', etcdErrors.noSpace, true],
    ['once', 'refused', true],
    ['once', etcdErrors.noLeader, true],
    ['once', etcdErrors.tooManyRequests, true],
    ['once', 'lost-request', false],
    ['once', 'lost-response', false],
    ['once', etcdErrors.leaderChanged, false],
    ['once', etcdErrors.timeout, false],
    ['once', etcdErrors.stopped, false],
    ['once', etcdErrors.leaseNotFound, false],
  ]
  test.each(repeats)('%s after %j: %s', async (repetition, fault, again) => {
    script(fault)
    const outcome = call({ repetition }).then(
      () => 'succeeded',
      () => 'failed',
    )
    await fixture.clock.advance(100)
    expect(await outcome).toBe(again ? 'succeeded' : 'failed')
    expect(endpointsAsked()).toEqual(again ? ['a', 'b'] : ['a'])
  })

  test('the outcome of a write is unknown exactly if it may have been applied', async () => {
    for (const [fault, outcome] of [
      ['lost-request', 'unknown'],
      ['lost-response', 'unknown'],
      [etcdErrors.timeout, 'unknown'],
      [etcdErrors.leaseNotFound, 'not-applied'],
    ] as const) {
      script(fault)
      expect((await failure(call({ repetition: 'once' }))).outcome).toBe(outcome)
    }
  })

  test('a definite refusal after a doubtful attempt does not settle the doubt', async () => {
    script('lost-request', etcdErrors.leaseNotFound)
    const error = failure(call({ repetition: 'repeatable' }))
    await fixture.clock.advance(100)
    expect(await error).toMatchObject({ code: 'leaseNotFound', outcome: 'unknown' })
  })

  test('a reply says when it was sent, and whether an earlier attempt is in doubt', async () => {
    script('lost-request', undefined)
    fixture.clock.chance = 0.5
    const reply = call({ repetition: 'repeatable' })
    const before = fixture.clock.now().monotonicMs
    await fixture.clock.advance(1_000)
    expect(await reply).toMatchObject({ inDoubt: true })
    expect((await reply).sentAt.monotonicMs).toBeGreaterThan(before)
    script()
    expect(await call({ repetition: 'repeatable' })).toMatchObject({ inDoubt: false })
  })
})

describe('what a message says of time', () => {
  test('is the whole time of all attempts, in whole milliseconds', async () => {
    fixture.etcd.fault = () => 'hang'
    fixture.clock.chance = 0.123
    const error = failure(call({ repetition: 'repeatable', timeoutMs: 4_687.250_123 }))
    await fixture.clock.advance(5_000)
    const { message, code } = await error
    expect(code).toBe('timeout')
    expect(message).toMatch(/^\/kv\/txn failed after 2 attempts in 468[78] ms/)
    expect(message).not.toMatch(/\d\.\d/)
  })

  test('is so too when the last attempt was not to be repeated', async () => {
    script('refused', 'hang')
    fixture.clock.chance = 0.9
    const error = failure(call({ repetition: 'once', timeoutMs: 1_000 }))
    await fixture.clock.advance(1_500)
    expect((await error).message).toMatch(/^\/kv\/txn failed after 2 attempts in 1000 ms: /)
  })

  test('is rounded when the caller gave it so', async () => {
    fixture.etcd.fault = () => 'hang'
    const error = failure(fixture.client().session({ timeoutMs: 499.507_938 }))
    await fixture.clock.advance(1_000)
    expect((await error).message).toBe('timed out after 500 ms')
  })
})

describe('with a server that recognises request ids', () => {
  const ids = (): (string | undefined)[] =>
    fixture.etcd.sent
      .filter(({ name }) => name === 'txn')
      .map(({ headers }) => headers['Idempotency-Key'])

  beforeEach(() => {
    fixture.etcd.holdfast = { features: ['idempotency-key'], revision: 7 }
  })

  test('a doubtful write is repeated, with the same id, issued at what was seen', async () => {
    script('lost-response', etcdErrors.leaderChanged)
    const reply = call({ repetition: 'once' })
    await fixture.clock.advance(1_000)
    expect(await reply).toMatchObject({ inDoubt: true })
    expect(ids()).toHaveLength(3)
    const attempts = fixture.etcd.sent.filter(({ name }) => name === 'txn')
    expect(attempts.map(({ headers }) => headers['Idempotency-Repeated'])).toEqual([
      ...[undefined, 'true', 'true'],
    ])
    expect(new Set(ids()).size).toBe(1)
    expect(ids()[0]).toMatch(/^7-[A-Za-z0-9_-]{21}$/)
    await call({ repetition: 'once' })
    expect(ids()[3]).not.toBe(ids()[0])
  })

  test('a lease is granted afresh by each attempt, since its life begins with the grant', async () => {
    fixture.etcd.fault = ({ name }) => (name === 'leaseGrant' ? faults.shift() : undefined)
    const faults: (Fault | undefined)[] = ['lost-response']
    const session = fixture.client().session()
    await fixture.clock.advance(1_000)
    const grants = fixture.etcd.sent.filter(({ name }) => name === 'leaseGrant')
    expect(grants.map(({ headers }) => headers['Idempotency-Key'])).toEqual([undefined, undefined])
    expect((await session).leaseId).toBe([...fixture.etcd.store.leases].at(-1))
  })

  test('an id that is too old for the server to judge is issued anew, if it was never in doubt', async () => {
    script(requestIdExpired)
    fixture.etcd.holdfast = { features: ['idempotency-key'], revision: 7 }
    const reply = call({ repetition: 'once' })
    await settle()
    fixture.etcd.holdfast = { features: ['idempotency-key'], revision: 900 }
    await fixture.clock.advance(1_000)
    expect(await reply).toMatchObject({ inDoubt: false })
    expect(ids().map((id) => id?.split('-')[0])).toEqual(['7', '900'])
    expect(endpointsAsked()).toEqual(['a', 'a'])
  })

  test('and is not, if an earlier attempt may have taken effect', async () => {
    script('lost-response', requestIdExpired)
    const error = failure(call({ repetition: 'once' }))
    await fixture.clock.advance(1_000)
    expect(await error).toMatchObject({ code: 'requestIdExpired', outcome: 'unknown' })
    expect(new Set(ids()).size).toBe(1)
  })

  test('but not to a member that does not recognise them', async () => {
    fixture.etcd.fault = ({ name }) => {
      if (name !== 'txn') return undefined
      fixture.etcd.holdfast = undefined
      return 'lost-response'
    }
    const error = failure(call({ repetition: 'once' }))
    await fixture.clock.advance(100)
    expect(await error).toMatchObject({ outcome: 'unknown' })
    expect(ids()).toHaveLength(1)
  })

  test('reads carry no id, and ask for no version', async () => {
    await call({ repetition: 'safe' })
    expect(ids()).toEqual([undefined])
    expect(fixture.etcd.sent.map(({ name }) => name)).toEqual(['txn'])
  })

  test('the version is asked once, and again after the member failed', async () => {
    const asked = (): number => fixture.etcd.sent.filter(({ name }) => name === 'version').length
    await Promise.all([call({ repetition: 'once' }), call({ repetition: 'once' })])
    expect(asked()).toBe(1)
    script('refused', 'refused', 'refused')
    const reply = call({ repetition: 'once' })
    await fixture.clock.advance(1_000)
    await reply
    expect(asked()).toBe(4)
    script(etcdErrors.noLeader)
    const answered = call({ repetition: 'once' })
    await fixture.clock.advance(1_000)
    await answered
    expect(asked()).toBe(5)
  })
})

describe('time', () => {
  test('gives up when the time is over, and says what each member said', async () => {
    fixture.etcd.fault = ({ endpoint }) =>
      endpoint === 'http://b' ? etcdErrors.noLeader : 'refused'
    fixture.clock.chance = 0.9
    const error = failure(call({ repetition: 'safe' }))
    await fixture.clock.advance(15_000)
    const { message, outcome, cause } = await error
    expect(outcome).toBe('not-applied')
    // One for each endpoint, however often it was asked.
    expect((cause as AggregateError).errors).toHaveLength(3)
    expect(message).toContain('http://a: refused')
    expect(message).toContain('http://b: etcdserver: no leader')
    // Full jitter that doubles up to 2 s: few attempts in 15 s, not a storm.
    expect(endpointsAsked().length).toBeLessThan(16)
    expect(endpointsAsked().length).toBeGreaterThan(6)
  })

  test('leaves a silent member for the next, where repeating is allowed', async () => {
    script('hang')
    const reply = call({ repetition: 'safe' })
    await fixture.clock.advance(3_999)
    expect(endpointsAsked()).toEqual(['a'])
    await fixture.clock.advance(101)
    await reply
    expect(endpointsAsked()).toEqual(['a', 'b'])
  })

  test('lets a write that must not be repeated have all the time', async () => {
    script('hang')
    const error = failure(call({ repetition: 'once', timeoutMs: 9_000 }))
    await fixture.clock.advance(8_999)
    expect(endpointsAsked()).toEqual(['a'])
    await fixture.clock.advance(1)
    expect(await error).toMatchObject({ code: 'timeout', outcome: 'unknown' })
  })

  test('a signal ends it at once, with its reason', async () => {
    script('hang')
    const controller = new AbortController()
    const error = failure(call({ repetition: 'once', signal: controller.signal }))
    await settle()
    controller.abort('enough')
    expect(await error).toMatchObject({ code: 'aborted', outcome: 'unknown', cause: 'enough' })
    const never = failure(call({ repetition: 'once', signal: controller.signal }))
    expect(await never).toMatchObject({ code: 'aborted', outcome: 'not-applied' })
    expect(endpointsAsked()).toEqual(['a'])
  })

  test('closing ends what is under way', async () => {
    script('hang')
    const error = failure(call({ repetition: 'safe' }))
    await settle()
    await fixture.core.rpc.close()
    expect(await error).toMatchObject({ code: 'closed' })
    expect(await failure(call({ repetition: 'safe' }))).toMatchObject({ code: 'closed' })
  })
})

describe('endpoints', () => {
  test('stays with a member that works, and with the one it found after a failure', async () => {
    await call({ repetition: 'safe' })
    script('refused')
    const reply = call({ repetition: 'safe' })
    await fixture.clock.advance(100)
    await reply
    await call({ repetition: 'safe' })
    expect(endpointsAsked()).toEqual(['a', 'a', 'b', 'b'])
  })

  test('many requests that fail at one member move on by one, not by many', async () => {
    script('refused', 'refused', 'refused')
    const replies = [1, 2, 3].map(() => call({ repetition: 'safe' }))
    await fixture.clock.advance(100)
    await Promise.all(replies)
    expect(endpointsAsked()).toEqual(['a', 'a', 'a', 'b', 'b', 'b'])
  })

  test('asks each member once whether it has room: another disk may not be full', async () => {
    fixture.etcd.fault = ({ name }) => (name === 'txn' ? etcdErrors.noSpace : undefined)
    const error = failure(call({ repetition: 'once' }))
    await fixture.clock.advance(10_000)
    expect(await error).toMatchObject({ code: 'resourceExhausted', outcome: 'not-applied' })
    const asked = endpointsAsked()
    expect(new Set(asked).size).toBe(asked.length)
    expect(asked.length).toBeGreaterThan(1)
  })

  test('asks members to say that they have no leader, except for local reads', async () => {
    const { rpc } = fixture.core
    const read = RangeRequest.decode({ key: 'YQ==' })
    await rpc.call(routes.range, read, { repetition: 'safe' })
    await rpc.call(routes.range, read, { repetition: 'safe', withoutLeader: true })
    const leader = fixture.etcd.sent.map(({ headers }) => headers['grpc-metadata-hasleader'])
    expect(leader).toEqual(['true', undefined])
  })
})
