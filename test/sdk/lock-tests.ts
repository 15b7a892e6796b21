import { setTimeout as delay } from 'node:timers/promises'
import { AcquireTimeoutError, LockLostError, op, type HeldLock } from '@holdfast/client'
import { expect, test } from 'vitest'
import { revokeLease, type SdkBench } from './sdk-target.js'

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason)
    signal.addEventListener('abort', () => resolve(signal.reason))
  })

export function lockTests(bench: SdkBench): void {
  test('eight contenders exclude each other, and tokens grow with every grant', async () => {
    const name = bench.name()
    const clients = Array.from({ length: 4 }, () => bench.client())
    let inside = 0
    const tokens: number[] = []
    const contender = async (index: number): Promise<void> => {
      const lock = clients[index % 4]!.lock(name)
      for (let round = 0; round < 5; round++) {
        await lock.run(async ({ fencingToken }) => {
          expect(++inside).toBe(1)
          tokens.push(fencingToken)
          await delay(2)
          inside--
        })
      }
    }
    await Promise.all(Array.from({ length: 8 }, (_, index) => contender(index)))
    expect(tokens).toHaveLength(40)
    expect(tokens).toEqual([...new Set(tokens)].sort((left, right) => left - right))
    expect((await clients[0]!.lock(name).inspect()).holder).toBeUndefined()
  })

  test('grants in the order of the queue', async () => {
    const name = bench.name()
    const clients = [bench.client(), bench.client()]
    const first = await clients[0]!.lock(name).acquire()
    const grants: string[] = []
    const waiting: Promise<void>[] = []
    for (let index = 0; index < 6; index++) {
      const lock = clients[index % 2]!.lock(name, { label: `w${index}` })
      waiting.push(
        lock.run(() => {
          grants.push(`w${index}`)
        }),
      )
      while ((await clients[0]!.lock(name).inspect()).waiters.length <= index) await delay(5)
    }
    const { holder, waiters } = await clients[1]!.lock(name).inspect()
    expect(holder).toMatchObject({ key: first.key, fencingToken: first.fencingToken })
    expect(holder?.pid).toBe(process.pid)
    await first.release()
    await Promise.all(waiting)
    expect(grants).toEqual(['w0', 'w1', 'w2', 'w3', 'w4', 'w5'])
    expect(waiters.map(({ label }) => label)).toEqual(grants)
  })

  test('tryAcquire gets a free lock at once, and nothing of a held one', async () => {
    const client = bench.client()
    const lock = client.lock(bench.name())
    const held = (await lock.tryAcquire())!
    expect(await lock.tryAcquire()).toBeUndefined()
    expect((await lock.inspect()).waiters).toEqual([])
    await held.release()
    expect((await lock.tryAcquire())?.fencingToken).toBeGreaterThan(held.fencingToken)
  })

  test('a wait that times out or is aborted leaves nobody in the queue', async () => {
    const client = bench.client({ label: 'the holder' })
    const name = bench.name()
    const held = await client.lock(name).acquire()
    const error: unknown = await client
      .lock(name)
      .acquire({ timeoutMs: 100 })
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AcquireTimeoutError)
    expect((error as AcquireTimeoutError).holder?.label).toBe('the holder')

    const controller = new AbortController()
    const wait = client.lock(name).acquire({ signal: controller.signal })
    while ((await client.lock(name).inspect()).waiters.length === 0) await delay(5)
    controller.abort()
    await expect(wait).rejects.toMatchObject({ code: 'aborted' })
    expect(await client.kv.count({ prefix: `${name}/` })).toBe(1)
    await held.release()
    expect(await client.kv.count({ prefix: `${name}/` })).toBe(0)
  })

  test('a lease that is revoked takes the lock with it, and the signal tells', async () => {
    const name = bench.name()
    const client = bench.client({ sessionTtlSeconds: 3 })
    const held = await client.lock(name).acquire()
    const { holder } = await client.lock(name).inspect()
    await revokeLease(bench.cluster, holder!.lease)
    const reason = await aborted(held.signal)
    expect(reason).toBeInstanceOf(LockLostError)
    expect((reason as LockLostError).reason).toBe('expired')
    expect(() => held.assertHeld()).toThrow(LockLostError)
    await held.release()
    // The next use begins a new session.
    const again = await client.lock(name).acquire({ timeoutMs: 5_000 })
    expect(again.fencingToken).toBeGreaterThan(held.fencingToken)
  })

  test('a key that somebody deleted is missed, within a renewal', async () => {
    const client = bench.client({ sessionTtlSeconds: 3 })
    const held = await client.lock(bench.name()).acquire()
    await client.kv.delete(held.key)
    expect(await aborted(held.signal)).toMatchObject({ reason: 'deleted' })
  })

  test('a guard refuses the writes of a holder who does not know that he lost', async () => {
    const name = bench.name()
    const [stale, other] = [bench.client(), bench.client()]
    const write = async (lock: HeldLock, value: string): Promise<boolean> => {
      const txn = { if: [lock.guard()], then: [op.put(`${name}-guarded`, value)] }
      return (await other.txn(txn)).succeeded
    }
    const held = await stale.lock(name).acquire()
    expect(await write(held, '1')).toBe(true)
    await other.kv.delete(held.key)
    const next = await other.lock(name).acquire()
    expect(held.signal.aborted).toBe(false)
    expect(await write(held, 'stale')).toBe(false)
    expect(await write(next, '2')).toBe(true)
  })

  test('a waiter whose session ends queues again with a new one', async () => {
    const name = bench.name()
    const [holder, waiter] = [bench.client(), bench.client({ sessionTtlSeconds: 3 })]
    const held = await holder.lock(name).acquire()
    const wait = waiter.lock(name).acquire({ timeoutMs: 30_000 })
    const waiters = async (): ReturnType<typeof lookAt> => (await lookAt()).slice(0)
    const lookAt = async (): Promise<readonly { lease: string; key: string }[]> =>
      (await holder.lock(name).inspect()).waiters
    while ((await waiters()).length === 0) await delay(10)
    const [before] = await waiters()
    await revokeLease(bench.cluster, before!.lease)
    while ((await waiters()).every(({ key }) => key === before!.key)) await delay(50)
    await held.release()
    expect((await wait).key).not.toBe(before!.key)
  })

  test('run gives back what the work gives, and releases whatever happens', async () => {
    const client = bench.client()
    const lock = client.lock(bench.name())
    expect(await lock.run(({ fencingToken }) => fencingToken)).toBeGreaterThan(0)
    await expect(lock.run(() => Promise.reject(new Error('mine')))).rejects.toThrow('mine')
    const lost = lock.run(async (held) => {
      await client.kv.delete(held.key)
      await aborted(held.signal)
      return 'not protected to the end'
    })
    await expect(lost).rejects.toBeInstanceOf(LockLostError)
    expect((await lock.inspect()).holder).toBeUndefined()
  })

  test('the queue of a name does not count the keys of longer names', async () => {
    const client = bench.client()
    const name = bench.name()
    await using inner = await client.lock(`${name}/42`).acquire()
    await using outer = await client.lock(name).acquire({ timeoutMs: 3_000 })
    expect(await client.lock(name).tryAcquire()).toBeUndefined()
    expect(inner.signal.aborted || outer.signal.aborted).toBe(false)
  })

  test('closing tells the holders, waits for their work, and frees the locks', async () => {
    const name = bench.name()
    const [leaving, next] = [bench.client(), bench.client()]
    const order: string[] = []
    const work = leaving
      .lock(name)
      .run(async ({ signal }) => {
        order.push('work')
        await aborted(signal)
        await delay(50)
        order.push('work ended')
      })
      .catch(() => order.push('rejected'))
    while (order.length === 0) await delay(5)
    const grant = next
      .lock(name)
      .acquire()
      .then(() => order.push('granted'))
    await leaving.close()
    await Promise.all([work, grant])
    expect(order.slice(0, 2)).toEqual(['work', 'work ended'])
    expect(order).toContain('granted')
  })
}
