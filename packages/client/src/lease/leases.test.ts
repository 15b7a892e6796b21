import { etcdErrors, type HoldfastError } from '@holdfast/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Holdfast } from '../client.js'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { Fault } from '../fake/fake-etcd.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'

let fixture: Bench
let client: Holdfast
beforeEach(() => {
  fixture = bench()
  client = fixture.client()
})

const failure = (promise: Promise<unknown>): Promise<HoldfastError> =>
  promise.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => error as HoldfastError,
  )

/** How often these requests were sent, version probes left out. */
const sent = (): number => fixture.etcd.sent.filter(({ name }) => name !== 'version').length

/** The faults of the requests to come, in turn; then none. */
function script(...faults: (Fault | undefined)[]): void {
  fixture.etcd.fault = ({ name }) => (name === 'version' ? undefined : faults.shift())
}

describe('a lease', () => {
  test('is granted, renewed, looked at and revoked, with its keys', async () => {
    const lease = await client.leases.grant(60)
    expect(lease).toEqual({ id: expect.stringMatching(/^\d+$/) as string, ttlSeconds: 60 })
    const { id } = lease
    await client.kv.put('k', 'v', { lease: id })
    expect(await client.leases.keepAliveOnce(id)).toEqual(lease)
    const state = { id, ttlSeconds: 60, grantedTtlSeconds: 60 }
    expect(await client.leases.timeToLive(id)).toEqual({ ...state, keys: [] })
    expect(await client.leases.timeToLive(id, { keys: true })).toEqual({
      ...state,
      keys: [{ key: 'k', keyBytes: new Uint8Array([0x6b]) }],
    })
    expect(await client.leases.list()).toEqual([id])
    await client.leases.revoke(id)
    expect(await client.leases.list()).toEqual([])
    expect(fixture.etcd.store.keys()).toEqual([])
  })

  test('has the id that was chosen, whole, and the TTL that the server made of it', async () => {
    const id = String(2n ** 63n - 1n)
    expect(await client.leases.grant(1, { id })).toEqual({ id, ttlSeconds: 2 })
    expect(await client.leases.list()).toEqual([id])
    expect(await failure(client.leases.grant(1, { id }))).toMatchObject({
      code: 'failedPrecondition',
      outcome: 'not-applied',
    })
  })

  test('that does not exist is told from one that does', async () => {
    const missing = { code: 'leaseNotFound', outcome: 'not-applied' }
    expect(await failure(client.leases.revoke('7'))).toMatchObject(missing)
    expect(await failure(client.leases.keepAliveOnce('7'))).toMatchObject(missing)
    expect(await client.leases.timeToLive('7', { keys: true })).toBeUndefined()
  })

  test.each([
    ['grant', () => client.leases.grant(1.5)],
    ['grant', () => client.leases.grant(60, { id: '0x7' })],
    ['revoke', () => client.leases.revoke(String(2n ** 63n))],
    ['keepAliveOnce', () => client.leases.keepAliveOnce('seven')],
    ['timeToLive', () => client.leases.timeToLive('')],
  ])('%s of nonsense is refused without asking anybody', async (_, nonsense) => {
    expect(await failure(nonsense())).toMatchObject({
      code: 'invalidArgument',
      outcome: 'not-applied',
    })
    expect(fixture.etcd.sent).toEqual([])
  })
})

describe('what is repeated when an answer is lost, on a plain etcd', () => {
  const lease = '1000'
  beforeEach(() => fixture.etcd.store.grant(60, lease))

  const operations: readonly (readonly [string, boolean, () => Promise<unknown>])[] = [
    ['a grant under any id', true, () => client.leases.grant(60)],
    ['a grant under a chosen id', false, () => client.leases.grant(60, { id: '9' })],
    ['a revocation', false, () => client.leases.revoke(lease)],
    ['a renewal', true, () => client.leases.keepAliveOnce(lease)],
    ['a look at one', true, () => client.leases.timeToLive(lease)],
    ['the list', true, () => client.leases.list()],
  ]
  test.each(operations)('%s: %s', async (_, again, operation) => {
    script('lost-response')
    const outcome = operation().then(
      () => 'succeeded',
      (error: unknown) => (error as HoldfastError).outcome,
    )
    await fixture.clock.advance(100)
    expect(await outcome).toBe(again ? 'succeeded' : 'unknown')
    expect(sent()).toBe(again ? 2 : 1)
  })

  test.each([operations[1]!, operations[2]!])(
    '%s, if it had no effect',
    async (_, __, operation) => {
      script(etcdErrors.noLeader)
      const done = operation()
      await fixture.clock.advance(100)
      await done
      expect(sent()).toBe(2)
    },
  )

  test('on a server with request ids, each with the id of its first attempt', async () => {
    fixture.etcd.holdfast = { features: ['idempotency-key'], revision: 7 }
    script('lost-request')
    const revoked = client.leases.revoke(lease)
    await fixture.clock.advance(100)
    await revoked
    const ids = fixture.etcd.sent
      .filter(({ name }) => name === 'leaseRevoke')
      .map(({ headers }) => headers['Idempotency-Key'])
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(1)
  })
})

test('every wait is bounded by its time and its signal', async () => {
  fixture.etcd.fault = ({ name }) => (name === 'version' ? undefined : 'hang')
  const controller = new AbortController()
  const { signal } = controller
  const waits = (options: object): readonly Promise<unknown>[] => [
    client.leases.grant(60, options),
    client.leases.revoke('7', options),
    client.leases.keepAliveOnce('7', options),
    client.leases.timeToLive('7', options),
    client.leases.list(options),
  ]
  const late = Promise.all(waits({ timeoutMs: 1_000 }).map(failure))
  const aborted = Promise.all(waits({ signal }).map(failure))
  await settle()
  controller.abort()
  for (const error of await aborted) expect(error.code).toBe('aborted')
  await fixture.clock.advance(1_000)
  for (const error of await late) expect(error.code).toBe('timeout')
})
