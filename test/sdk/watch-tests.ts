import { CompactedError, op, type WatchBatch } from '@holdfast/client'
import { expect, test } from 'vitest'
import type { SdkBench } from './sdk-target.js'

const show = ({ events }: WatchBatch): string[] =>
  events.map(({ type, entry, previous }) => {
    const key = entry.key.slice(entry.key.lastIndexOf('/') + 1)
    return `${type} ${key} ${entry.text()}<${previous?.text() ?? ''}`
  })

export function watchTests(bench: SdkBench): void {
  test('delivers everything after `ready`, a revision at a time, with what was before', async () => {
    const client = bench.client()
    const prefix = `${bench.name()}/`
    await using watch = client.watch({ prefix }, { previous: true })
    await watch.ready()
    expect(watch.connected).toBe(true)
    const put = await client.kv.put(`${prefix}a`, '1')
    await client.txn({ then: [op.put(`${prefix}a`, '2'), op.put(`${prefix}b`, '3')] })
    await client.kv.delete({ prefix })
    const batches: WatchBatch[] = []
    for await (const batch of watch) if (batches.push(batch) === 3) break
    expect(batches.map(show)).toEqual([
      ['put a 1<'],
      ['put a 2<1', 'put b 3<'],
      ['delete a <2', 'delete b <3'],
    ])
    expect(batches.map(({ revision }) => revision - put.revision)).toEqual([0, 1, 2])
  })

  test('replays from a revision, each once and in order, and goes on live', async () => {
    const client = bench.client()
    const key = bench.name()
    const { revision } = await client.kv.put(key, '0')
    for (let value = 1; value < 30; value++) await client.kv.put(key, String(value))
    const values: string[] = []
    let live = 0
    for await (const { events } of client.watch(key, { fromRevision: revision })) {
      values.push(...events.map(({ entry }) => entry.text()))
      if (values.length >= 60) break
      if (values.length >= 30 && live === 0) {
        live = 1
        for (let value = 30; value < 60; value++) await client.kv.put(key, String(value))
      }
    }
    expect(values).toEqual(Array.from({ length: 60 }, (_, index) => String(index)))
  })

  test('filters one kind of event', async () => {
    const client = bench.client()
    const key = bench.name()
    const { revision } = await client.kv.put(key, '1')
    await client.kv.delete(key)
    const first = async (only: 'puts' | 'deletes'): Promise<string[]> => {
      for await (const batch of client.watch(key, { fromRevision: revision, only })) {
        return batch.events.map(({ type }) => type)
      }
      return []
    }
    expect(await first('puts')).toEqual(['put'])
    expect(await first('deletes')).toEqual(['delete'])
  })

  test('says from where the history is there when it is gone', async () => {
    const client = bench.client()
    const key = bench.name()
    const { revision } = await client.kv.put(key, '1')
    const { revision: newest } = await client.kv.put(key, '2')
    await client.kv.compact(newest)
    const next = client.watch(key, { fromRevision: revision })[Symbol.asyncIterator]().next()
    const error: unknown = await next.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CompactedError)
    expect((error as CompactedError).compactRevision).toBe(newest)
  })

  test('gives up when nothing happens for long enough', async () => {
    const client = bench.client()
    const key = bench.name()
    const watch = client.watch(key, { timeoutMs: 1_000 })
    await watch.ready()
    await client.kv.put(key, '1')
    const values: string[] = []
    const drained = (async () => {
      for await (const batch of watch) values.push(...batch.events.map(({ entry }) => entry.text()))
    })()
    await expect(drained).rejects.toMatchObject({ code: 'timeout', outcome: 'not-applied' })
    expect(values).toEqual(['1'])
    expect(watch.connected).toBe(false)
  })

  test('ends quietly by its signal, by close and by the end of its client', async () => {
    const client = bench.client()
    const key = bench.name()
    const controller = new AbortController()
    const drain = async (watch: AsyncIterable<WatchBatch>): Promise<string> => {
      for await (const batch of watch) throw new Error(`an event: ${show(batch).join()}`)
      return 'ended'
    }
    const watches = [
      client.watch(key, { signal: controller.signal }),
      client.watch(key),
      client.watch(key),
    ] as const
    const drained = watches.map(drain)
    await Promise.all(watches.map((watch) => watch.ready()))
    controller.abort()
    expect(await drained[0]).toBe('ended')
    await watches[1].close()
    expect(await drained[1]).toBe('ended')
    await client.close()
    expect(await drained[2]).toBe('ended')
  })
}
