import { compare, CompactedError, HoldfastError, op } from '@holdfast/client'
import { expect, expectTypeOf, test } from 'vitest'
import type { SdkBench } from './sdk-target.js'

export function kvTests(bench: SdkBench): void {
  test('reads what was written, as text, JSON and bytes, with its history', async () => {
    const { kv } = bench.client()
    const key = bench.name()
    expect(await kv.get(key)).toBeUndefined()
    const { revision } = await kv.put(key, 'ü')
    const { previous } = await kv.putJson(key, { a: [1] }, { previous: true })
    expect(previous?.text()).toBe('ü')
    const entry = (await kv.get(key))!
    expect(entry).toMatchObject({ key, createRevision: revision, version: 2, lease: '0' })
    expect(entry.modRevision).toBeGreaterThan(revision)
    expect(entry.json()).toEqual({ a: [1] })
    await kv.put(key, new Uint8Array([0, 255]))
    expect([...(await kv.get(key))!.bytes]).toEqual([0, 255])
    expect((await kv.get(key, { revision }))?.text()).toBe('ü')
  })

  test('a key on the session’s lease vanishes when the client closes', async () => {
    const [owner, other] = [bench.client(), bench.client()]
    const key = bench.name()
    const session = await owner.session()
    session.assertAlive()
    await owner.kv.put(key, 'here', { lease: session.leaseId })
    expect(await other.kv.get(key)).toMatchObject({ lease: session.leaseId })
    expect((await owner.session()).leaseId).toBe(session.leaseId)
    await owner.close()
    expect(session.signal.aborted).toBe(true)
    expect(await other.kv.get(key)).toBeUndefined()
  })

  test('ranges, counts, sorts and deletes', async () => {
    const { kv } = bench.client()
    const prefix = `${bench.name()}/`
    const pairs = { c: '3', a: '1', b: '2' }
    for (const [key, value] of Object.entries(pairs)) await kv.put(prefix + key, value)
    const keys = async (options: object): Promise<string[]> =>
      (await kv.range({ prefix }, options)).entries.map(({ key }) => key.slice(prefix.length))
    expect(await keys({})).toEqual(['a', 'b', 'c'])
    expect(await keys({ order: 'descending', limit: 2 })).toEqual(['c', 'b'])
    expect(await keys({ sortBy: 'createRevision' })).toEqual(['c', 'a', 'b'])
    expect(await kv.count({ prefix })).toBe(3)
    expect(await kv.count({ from: `${prefix}b`, to: `${prefix}c` })).toBe(1)
    expect(await kv.range({ prefix }, { limit: 1 })).toMatchObject({ more: true, count: 3 })
    const { deleted, previous } = await kv.delete({ prefix }, { previous: true })
    expect([deleted, previous.map((entry) => entry.text())]).toEqual([3, ['1', '2', '3']])
  })

  test('pages through an interval at one revision', async () => {
    const { kv } = bench.client()
    const prefix = `${bench.name()}/`
    for (let count = 0; count < 7; count++) await kv.put(prefix + String(count), 'x')
    const page = kv.getAll({ prefix }, { pageSize: 3 })
    const { revision, entries } = await page
    expect(entries.map(({ key }) => key)).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `${prefix}${n}`))
    await kv.delete(`${prefix}0`)
    expect((await kv.getAll({ prefix }, { pageSize: 2, revision })).entries).toHaveLength(7)
  })

  test('gives each operation of a transaction its typed result, nested ones too', async () => {
    const client = bench.client()
    const key = bench.name()
    const txn = {
      if: [compare.absent(key)],
      then: [
        op.put(key, '1', { previous: true }),
        op.get(key),
        op.txn({ if: [compare.exists(key)], then: [], else: [op.range(key)] }),
      ],
      else: [op.delete(key, { previous: true })],
    } as const
    const first = await client.txn(txn)
    if (!first.succeeded) throw new Error('the key was absent')
    expectTypeOf(first.results[0].previous?.text()).toEqualTypeOf<string | undefined>()
    expect(first.results[1].entry?.text()).toBe('1')
    // The inner condition, too, sees the state before the outer transaction.
    const nested = first.results[2]
    if (nested.succeeded) throw new Error('the key was absent before')
    expect(nested.results[0].count).toBe(1)

    const second = await client.txn(txn)
    if (second.succeeded) throw new Error('the key exists')
    expect(second.results[0].deleted).toBe(1)
    expect(second.revision).toBeGreaterThan(first.revision)
    // @ts-expect-error -- the failure branch has one operation
    expect(second.results[1]).toBeUndefined()
  })

  test('says what was refused, and that it had no effect', async () => {
    const { kv } = bench.client()
    const refused = { outcome: 'not-applied', retryable: false }
    await expect(kv.put('', 'x')).rejects.toMatchObject({ code: 'invalidArgument', ...refused })
    await expect(kv.put('a', 'x', { lease: '12345' })).rejects.toMatchObject({
      code: 'leaseNotFound',
      ...refused,
    })
    const future = kv.get('a', { revision: 2 ** 40 })
    await expect(future).rejects.toMatchObject({ code: 'futureRevision', ...refused })
  })

  test('reads of a compacted revision fail as such', async () => {
    const { kv } = bench.client()
    const key = bench.name()
    const { revision } = await kv.put(key, '1')
    const { revision: newest } = await kv.put(key, '2')
    await kv.compact(newest)
    await expect(kv.get(key, { revision })).rejects.toBeInstanceOf(CompactedError)
  })

  test('an aborted operation says so', async () => {
    const { kv } = bench.client()
    const signal = AbortSignal.abort(new Error('enough'))
    const error: unknown = await kv.get('a', { signal }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(HoldfastError)
    expect(error).toMatchObject({ code: 'aborted', outcome: 'not-applied' })
    expect((error as HoldfastError).cause).toMatchObject({ message: 'enough' })
  })

  test('nothing works after closing', async () => {
    const client = bench.client()
    await client.close()
    await client.close()
    await expect(client.kv.get('a')).rejects.toMatchObject({ code: 'closed' })
    await expect(client.lock('a').acquire()).rejects.toMatchObject({ code: 'closed' })
  })
}
