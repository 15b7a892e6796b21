import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MortalTransport, revokeLease, type SdkBench } from './sdk-target.js'

export function electionTests(bench: SdkBench): void {
  test('observers see each leader, each proclamation and the times without any', async () => {
    const name = bench.name()
    const [a, b, watcher] = [bench.client(), bench.client(), bench.client()]
    const seen: (string | undefined)[] = []
    const controller = new AbortController()
    const observing = (async () => {
      const options = { signal: controller.signal }
      for await (const leader of watcher.election(name).observe(options)) seen.push(leader?.value)
    })()
    while (seen.length === 0) await delay(5)
    const first = await a.election(name).campaign('a')
    await first.proclaim('a, still')
    const second = b.election(name).campaign('b')
    while ((await a.kv.count({ prefix: `${name}/` })) < 2) await delay(5)
    await first.resign()
    await (await second).resign()
    while (seen.length < 5) await delay(5)
    controller.abort()
    await observing
    expect(seen).toEqual([undefined, 'a', 'a, still', 'b', undefined])
    expect((await second).fencingToken).toBeGreaterThan(first.fencingToken)
    expect(first.signal.reason).toMatchObject({ reason: 'released' })
    await expect(first.proclaim('too late')).rejects.toMatchObject({ code: 'lockLost' })
  })

  test('another process takes over when the leader dies', async () => {
    const name = bench.name()
    const transport = new MortalTransport()
    const mortal = bench.client({ transport, sessionTtlSeconds: 2 })
    const heir = bench.client()
    const first = await mortal.election(name).campaign('mortal')
    const campaign = heir.election(name).campaign('heir', { timeoutMs: 20_000 })
    const lost = new Promise<number>((resolve) => {
      first.signal.addEventListener('abort', () => resolve(performance.now()))
    })
    transport.die()
    const second = await campaign
    const electedAt = performance.now()
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken)
    expect(await lost).toBeLessThan(electedAt)
    expect(first.signal.reason).toMatchObject({ reason: 'unconfirmed' })
    expect((await heir.election(name).leader())?.value).toBe('heir')
  })

  test('lead works again after a loss, never twice at once', async () => {
    const name = bench.name()
    const client = bench.client({ sessionTtlSeconds: 2 })
    let workers = 0
    const terms: number[] = []
    const result = await client.election(name).lead(async ({ signal, fencingToken, proclaim }) => {
      expect(++workers).toBe(1)
      terms.push(fencingToken)
      await proclaim('working')
      if (terms.length < 3) {
        const lease = (await client.election(name).leader())!.entry.lease
        await revokeLease(bench.cluster, lease)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        await delay(100)
      }
      workers--
      return `done in term ${terms.length}`
    })
    expect(result).toBe('done in term 3')
    expect(terms).toEqual([...terms].sort((left, right) => left - right))
    expect(new Set(terms).size).toBe(3)
    expect(await client.election(name).leader()).toBeUndefined()
  })

  test('lead ends by its signal: told, awaited, then given up', async () => {
    const name = bench.name()
    const [client, other] = [bench.client(), bench.client()]
    const controller = new AbortController()
    const order: string[] = []
    const leading = client.election(name).lead(
      async ({ signal }) => {
        order.push('leads')
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        await delay(100)
        order.push('worker ended')
        signal.throwIfAborted()
      },
      { signal: controller.signal },
    )
    while (order.length === 0) await delay(5)
    const next = other
      .election(name)
      .campaign('next')
      .then(() => {
        order.push('next leads')
      })
    controller.abort()
    expect(await leading).toBeUndefined()
    await next
    expect(order).toEqual(['leads', 'worker ended', 'next leads'])
  })

  test('lead gives up when it is not elected in time, and leaves no candidate', async () => {
    const name = bench.name()
    const [leader, other] = [bench.client({ label: 'first' }), bench.client()]
    const leadership = await leader.election(name).campaign()
    const inVain = other.election(name).lead(() => 'led', { timeoutMs: 300 })
    await expect(inVain).rejects.toMatchObject({ code: 'timeout', outcome: 'not-applied' })
    expect(await other.kv.count({ prefix: `${name}/` })).toBe(1)
    const now = await other.election(name).leader()
    expect(now?.fencingToken).toBe(leadership.fencingToken)
    expect(now?.entry.json()).toMatchObject({ label: 'first', pid: process.pid })
    await leadership.resign()
    expect(await other.election(name).lead(() => 'led', { timeoutMs: 5_000 })).toBe('led')
  })

  test('an observer gives up when nothing changes for long enough', async () => {
    const name = bench.name()
    const [leader, watcher] = [bench.client(), bench.client()]
    await leader.election(name).campaign('a')
    const observed = watcher.election(name).observe({ timeoutMs: 300 })
    expect((await observed.next()).value?.value).toBe('a')
    await delay(400)
    await expect(observed.next()).rejects.toMatchObject({ code: 'timeout' })
    expect((await observed.next()).done).toBe(true)
  })

  test('what the worker throws while it leads is thrown', async () => {
    const client = bench.client()
    const failing = client.election(bench.name()).lead(() => Promise.reject(new Error('mine')))
    await expect(failing).rejects.toThrow('mine')
  })
}
