import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { SdkBench } from './sdk-target.js'

export function leasesTests(bench: SdkBench): void {
  test('takes its keys along when it is revoked, in one revision', async () => {
    const { leases, kv } = bench.client()
    const prefix = `${bench.name()}/`
    const { id, ttlSeconds } = await leases.grant(60)
    expect(ttlSeconds).toBe(60)
    const { revision } = await kv.put(`${prefix}a`, '1', { lease: id })
    await kv.put(`${prefix}b`, '2', { lease: id })
    const state = await leases.timeToLive(id, { keys: true })
    expect(state).toMatchObject({ id, grantedTtlSeconds: 60 })
    expect(state!.ttlSeconds).toBeGreaterThan(50)
    expect(state!.keys.map(({ key }) => key).sort()).toEqual([`${prefix}a`, `${prefix}b`])
    expect((await leases.timeToLive(id))?.keys).toEqual([])
    await leases.revoke(id)
    const { revision: after, entries } = await kv.range({ prefix })
    expect([after - revision, entries]).toEqual([2, []])
    expect(await leases.timeToLive(id)).toBeUndefined()
  })

  test('ends by itself unless it is renewed', async () => {
    const { leases, kv } = bench.client()
    const [kept, left] = [bench.name(), bench.name()]
    const [renewed, forgotten] = [await leases.grant(2), await leases.grant(2)]
    await kv.put(kept, 'x', { lease: renewed.id })
    await kv.put(left, 'x', { lease: forgotten.id })
    while ((await kv.get(left)) !== undefined) {
      expect(await leases.keepAliveOnce(renewed.id)).toEqual({ id: renewed.id, ttlSeconds: 2 })
      await delay(100)
    }
    expect((await kv.get(kept))?.lease).toBe(renewed.id)
    expect(await leases.timeToLive(forgotten.id)).toBeUndefined()
    await leases.revoke(renewed.id)
  })

  test('may have an id of all 63 bits, once', async () => {
    const { leases } = bench.client()
    const id = String(2n ** 62n + BigInt(process.pid))
    expect(await leases.grant(60, { id })).toEqual({ id, ttlSeconds: 60 })
    await expect(leases.grant(60, { id })).rejects.toMatchObject({
      code: 'failedPrecondition',
      outcome: 'not-applied',
    })
    expect(await leases.list()).toContain(id)
    await leases.revoke(id)
    expect(await leases.list()).not.toContain(id)
    expect(await leases.grant(60, { id })).toMatchObject({ id })
    await leases.revoke(id)
  })

  test('that lives too shortly is raised, and too long refused', async () => {
    const { leases } = bench.client()
    const { id, ttlSeconds } = await leases.grant(1)
    expect(ttlSeconds).toBeGreaterThanOrEqual(1)
    await leases.revoke(id)
    await expect(leases.grant(9_000_000_001)).rejects.toMatchObject({
      code: 'outOfRange',
      outcome: 'not-applied',
    })
  })

  test('that does not exist cannot be revoked or renewed', async () => {
    const { leases } = bench.client()
    const missing = { code: 'leaseNotFound', outcome: 'not-applied' }
    await expect(leases.revoke('4711')).rejects.toMatchObject(missing)
    await expect(leases.keepAliveOnce('4711')).rejects.toMatchObject(missing)
    expect(await leases.timeToLive('4711', { keys: true })).toBeUndefined()
  })

  test('of a client’s session ends with the client', async () => {
    const [owner, other] = [bench.client(), bench.client()]
    const { leaseId } = await owner.session()
    expect(await other.leases.timeToLive(leaseId)).toMatchObject({ grantedTtlSeconds: 10 })
    await owner.close()
    expect(await other.leases.timeToLive(leaseId)).toBeUndefined()
  })
}
