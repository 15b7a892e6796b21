import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ForgetfulTransport, type SdkBench, type SdkTarget } from './sdk-target.js'

export function failoverTests(bench: SdkBench, { requestIds }: SdkTarget): void {
  if (requestIds) appliesOnce(bench)
  else saysThatItMayBe(bench)

  test('a lock, a watch and reads outlast the death of any member', async () => {
    const { cluster } = bench
    const client = bench.client()
    const key = bench.name()
    const lock = await client.lock(key).acquire()
    await client.kv.put(key, '0')
    const values: string[] = []
    const watching = (async () => {
      const watch = client.watch(key, { fromRevision: lock.fencingToken })
      for await (const { events } of watch) {
        values.push(...events.map(({ entry }) => entry.text()))
        if (values.length === cluster.members.length + 1) return
      }
    })()
    for (const [index, member] of cluster.members.entries()) {
      await member.kill()
      expect((await client.kv.get(key))?.text()).toBe(String(index))
      // Whether a write that met the death took effect may be unknown; reading tells.
      await client.kv.put(key, String(index + 1)).catch(async () => {
        if ((await client.kv.get(key))?.text() !== String(index + 1)) {
          await client.kv.put(key, String(index + 1))
        }
      })
      member.start()
      await cluster.healthy(member)
    }
    await watching
    expect(values).toEqual(['0', '1', '2', '3'])
    lock.assertHeld()
    await lock.release()
  })

  test('a waiter is granted the lock whose holder is released during an outage', async () => {
    const { cluster } = bench
    const name = bench.name()
    const [holder, waiter] = [bench.client(), bench.client()]
    const held = await holder.lock(name).acquire()
    const wait = waiter.lock(name).acquire({ timeoutMs: 60_000 })
    while ((await holder.lock(name).inspect()).waiters.length === 0) await delay(10)
    const leader = await cluster.leader()
    await leader.kill()
    await held.release()
    expect((await wait).fencingToken).toBeGreaterThan(held.fencingToken)
    leader.start()
    await cluster.healthy(leader)
  })

  test('without a majority, reads say so, and serializable ones still answer', async () => {
    const { cluster } = bench
    const client = bench.client({ requestTimeoutMs: 4_000, attemptTimeoutMs: 1_000 })
    const key = bench.name()
    await client.kv.put(key, 'x')
    const [survivor, ...victims] = cluster.members
    await cluster.healthy(survivor!)
    const local = bench.client({ endpoints: survivor!.clientUrl, requestTimeoutMs: 4_000 })
    await local.kv.get(key)
    await Promise.all(victims.map((member) => member.kill()))
    await expect(client.kv.get(key)).rejects.toMatchObject({ outcome: 'not-applied' })
    expect((await local.kv.get(key, { serializable: true }))?.text()).toBe('x')
    for (const member of victims) member.start()
    await Promise.all(victims.map((member) => cluster.healthy(member)))
    expect((await client.kv.get(key))?.text()).toBe('x')
  })
}

function appliesOnce(bench: SdkBench): void {
  test('a write whose answers are lost takes effect once', async () => {
    const transport = new ForgetfulTransport()
    const { kv } = bench.client({ transport })
    const key = bench.name()
    for (let count = 1; count <= 5; count++) {
      transport.toLose = 2
      const { revision } = await kv.put(key, String(count))
      expect(await kv.get(key)).toMatchObject({ version: count, modRevision: revision })
    }
  })
}

/** Where requests have no ids, who repeats one may do it twice, so the client does not. */
function saysThatItMayBe(bench: SdkBench): void {
  test('a write whose answer is lost says that it may be', async () => {
    const transport = new ForgetfulTransport()
    const { kv } = bench.client({ transport })
    const key = bench.name()
    transport.toLose = 1
    await expect(kv.put(key, 'x')).rejects.toMatchObject({ outcome: 'unknown' })
    expect((await kv.get(key))?.version).toBe(1)
  })
}
