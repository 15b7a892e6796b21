import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from './fake/bench.test-support.js'
import { settle } from './fake/manual-clock.test-support.js'
import type { Holdfast } from './client.js'

let fixture: Bench
let client: Holdfast
beforeEach(() => {
  fixture = bench()
  client = fixture.client()
})

/** Starts work under a lock that takes no notice of anything. */
async function stubbornWork(): Promise<void> {
  void client.lock('l').run(() => new Promise(() => undefined))
  await settle()
  expect(fixture.etcd.store.keys()).toHaveLength(1)
}

function track(promise: Promise<void>): { ended: boolean } {
  const state = { ended: false }
  void promise.then(() => {
    state.ended = true
  })
  return state
}

describe('closing', () => {
  test.each([
    ['five seconds', {}, 5_000],
    ['as long as it is told', { timeoutMs: 20_000 }, 20_000],
  ])('waits %s for work, then releases what that holds', async (_, options, waitMs) => {
    await stubbornWork()
    const closing = track(client.close(options))
    await fixture.clock.advance(waitMs - 1)
    expect(closing.ended).toBe(false)
    expect(fixture.etcd.store.keys()).toHaveLength(1)
    await fixture.clock.advance(1)
    expect(closing.ended).toBe(true)
    expect(fixture.etcd.store.keys()).toEqual([])
  })

  test('waits no longer once its signal aborts, and releases all the same', async () => {
    await stubbornWork()
    const controller = new AbortController()
    const closing = track(client.close({ signal: controller.signal }))
    await fixture.clock.advance(1_000)
    expect(closing.ended).toBe(false)
    controller.abort()
    await settle()
    expect(closing.ended).toBe(true)
    expect(fixture.etcd.store.keys()).toEqual([])
    expect(fixture.etcd.store.leases.size).toBe(0)
  })

  test('with a signal that has aborted already waits for no work', async () => {
    await stubbornWork()
    await client.close({ signal: AbortSignal.abort() })
    expect(fixture.etcd.store.keys()).toEqual([])
    await expect(client.kv.get('k')).rejects.toMatchObject({ code: 'closed' })
  })

  test('takes no longer when a session is just being begun and nobody answers', async () => {
    fixture.etcd.fault = () => 'hang'
    const session = client.session().catch(() => 'none')
    await settle()
    const closing = track(client.close())
    await fixture.clock.advance(10_000)
    expect(closing.ended).toBe(true)
    expect(await session).toBe('none')
  })

  test('is the same when it is asked for twice', async () => {
    await client.lock('l').acquire()
    const first = client.close()
    expect(client.close({ timeoutMs: 1 })).toBe(first)
    await first
    expect(fixture.etcd.store.keys()).toEqual([])
  })
})
