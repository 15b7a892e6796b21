import { CompactedError, etcdErrors, utf8Encode } from '@holdfast/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'
import type { Holdfast } from '../client.js'
import type { WatchOptions } from './watch.js'

let fixture: Bench
let client: Holdfast
beforeEach(() => {
  fixture = bench()
  client = fixture.client()
})

/** Collects what a watch delivers, and how it ended. */
function collect(options: WatchOptions): { seen: string[]; ended: Promise<unknown> } {
  const seen: string[] = []
  const run = async (): Promise<string> => {
    for await (const { revision, events } of client.watch('k', options)) {
      seen.push(`${revision}:${events.map(({ entry }) => entry.text()).join()}`)
    }
    return 'ended'
  }
  return { seen, ended: run().catch((error: unknown) => error) }
}

/** A stream that gives one chunk, and then nothing until it is left. */
async function* silentAfter(text: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield utf8Encode(text)
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
}

const watchesAsked = (): string[] =>
  fixture.etcd.sent.filter(({ name }) => name === 'watch').map(({ endpoint }) => endpoint.slice(-1))

describe('resuming', () => {
  test('after any break, neither loses nor repeats an event', async () => {
    const { seen } = collect({ fromRevision: 2 })
    for (let value = 0; value < 20; value++) {
      await client.kv.put('k', String(value))
      if (value % 3 === 0) fixture.etcd.breakStreams()
      if (value % 5 === 0) await fixture.clock.advance(200)
    }
    await fixture.clock.advance(5_000)
    expect(seen).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 2}:${index}`))
    expect(watchesAsked().length).toBeGreaterThan(4)
  })

  test('goes to the next member, and keeps trying while there is none', async () => {
    const { seen } = collect({ fromRevision: 2 })
    await settle()
    fixture.clock.chance = 0.5
    fixture.etcd.fault = ({ name }) => (name === 'watch' ? 'refused' : undefined)
    fixture.etcd.breakStreams()
    await fixture.clock.advance(60_000)
    fixture.etcd.fault = () => undefined
    await client.kv.put('k', 'x')
    await fixture.clock.advance(3_000)
    expect(seen).toEqual(['2:x'])
    expect(new Set(watchesAsked())).toEqual(new Set(['a', 'b', 'c']))
  })

  test('without a start, begins after what was there when it was made', async () => {
    await client.kv.put('k', 'old')
    const watch = client.watch('k')
    await watch.ready()
    await client.kv.put('k', 'new')
    fixture.etcd.breakStreams()
    const seen: string[] = []
    const done = (async () => {
      for await (const { events } of watch) {
        seen.push(...events.map(({ entry }) => entry.text()))
        return
      }
    })()
    await fixture.clock.advance(3_000)
    await done
    expect(seen).toEqual(['new'])
  })
})

describe('liveness', () => {
  test('a silent stream of a member that does not answer is left', async () => {
    const { seen } = collect({ fromRevision: 2 })
    await settle()
    expect(watchesAsked()).toEqual(['a'])
    fixture.etcd.fault = ({ endpoint }) => (endpoint === 'http://a' ? 'hang' : undefined)
    await fixture.clock.advance(15_100)
    expect(watchesAsked()).toEqual(['a', 'b'])
    await client.kv.put('k', 'x')
    await settle()
    expect(seen).toEqual(['2:x'])
  })

  test('a silent stream is opened anew if the store moved on for a minute, not before', async () => {
    collect({ fromRevision: 2 })
    await settle()
    await client.kv.put('other', 'x')
    await fixture.clock.advance(59_000)
    expect(watchesAsked()).toHaveLength(1)
    await fixture.clock.advance(2_000)
    expect(watchesAsked()).toHaveLength(2)
  })

  test('a silent stream of a store that stands still is believed', async () => {
    collect({ fromRevision: 2 })
    await fixture.clock.advance(300_000)
    expect(watchesAsked()).toHaveLength(1)
  })

  test('a member that does not even take the watch is left', async () => {
    fixture.etcd.fault = ({ name, endpoint }) =>
      name === 'watch' && endpoint === 'http://a' ? 'hang' : undefined
    collect({ fromRevision: 2 })
    await fixture.clock.advance(5_100)
    expect(watchesAsked()).toEqual(['a', 'b'])
  })
})

describe('a limit to the wait for events', () => {
  test('ends the watch, and the loop with an error', async () => {
    const { seen, ended } = collect({ fromRevision: 2, timeoutMs: 1_000 })
    for (let value = 0; value < 3; value++) {
      await fixture.clock.advance(999)
      await client.kv.put('k', String(value))
      await settle()
    }
    expect(seen).toEqual(['2:0', '3:1', '4:2'])
    await fixture.clock.advance(1_000)
    expect(await ended).toMatchObject({ code: 'timeout', outcome: 'not-applied' })
    const asked = fixture.etcd.sent.length
    await fixture.clock.advance(60_000)
    expect(fixture.etcd.sent).toHaveLength(asked)
  })

  test('counts the time until the watch is there, and that of its interruptions', async () => {
    fixture.clock.chance = 0.5
    fixture.etcd.fault = ({ name }) => (name === 'watch' ? 'refused' : undefined)
    const never = collect({ timeoutMs: 1_000 })
    await fixture.clock.advance(1_000)
    expect(await never.ended).toMatchObject({ code: 'timeout' })
    fixture.etcd.fault = () => undefined
    const { ended } = collect({ fromRevision: 2, timeoutMs: 1_000 })
    await settle()
    fixture.etcd.fault = ({ name }) => (name === 'watch' ? 'refused' : undefined)
    fixture.etcd.breakStreams()
    await fixture.clock.advance(1_000)
    expect(await ended).toMatchObject({ code: 'timeout' })
  })

  test('does not count what the loop takes for its events', async () => {
    await client.kv.put('k', '0')
    await client.kv.put('k', '1')
    const seen: number[] = []
    for await (const { revision } of client.watch('k', { fromRevision: 2, timeoutMs: 1_000 })) {
      seen.push(revision)
      fixture.clock.stall(5_000)
      if (seen.length === 2) break
    }
    expect(seen).toEqual([2, 3])
  })

  test('leaves the member that it watched on', async () => {
    const { ended } = collect({ fromRevision: 2, timeoutMs: 1_000 })
    await fixture.clock.advance(1_000)
    await ended
    await client.kv.get('k')
    expect(fixture.etcd.sent.at(-1)?.endpoint).toBe('http://a')
  })
})

describe('progress', () => {
  test('is delivered to who asks for it, as a batch without events', async () => {
    const { seen } = collect({ fromRevision: 2, progress: true })
    const unaware = collect({ fromRevision: 2 })
    await client.kv.put('k', 'x')
    await client.kv.put('other', 'x')
    await settle()
    fixture.etcd.notifyProgress()
    await settle()
    await client.kv.put('k', 'y')
    await settle()
    expect(seen).toEqual(['2:x', '3:', '4:y'])
    expect(unaware.seen).toEqual(['2:x', '4:y'])
  })

  test('is where a watch goes on after a break, whether or not it was asked for', async () => {
    collect({ fromRevision: 2 })
    await client.kv.put('other', 'x')
    await client.kv.put('other', 'x')
    await settle()
    fixture.etcd.notifyProgress()
    await settle()
    // Everything before is gone, and does not concern this watch.
    fixture.etcd.store.compactRevision = 4
    fixture.etcd.breakStreams()
    const { seen } = collect({ fromRevision: 4 })
    await fixture.clock.advance(3_000)
    await client.kv.put('k', 'z')
    await settle()
    expect(seen).toEqual(['4:z'])
    expect(watchesAsked()).toHaveLength(3)
  })

  test('of a time before the start is not passed on', async () => {
    const { seen } = collect({ fromRevision: 10, progress: true })
    await settle()
    fixture.etcd.notifyProgress()
    await settle()
    expect(seen).toEqual([])
    for (let revision = 2; revision <= 9; revision++) await client.kv.put('k', String(revision))
    await settle()
    fixture.etcd.notifyProgress()
    await settle()
    expect(seen).toEqual(['9:'])
  })

  test('does not count as events where the wait for those is limited', async () => {
    const { seen, ended } = collect({ fromRevision: 2, progress: true, timeoutMs: 1_000 })
    for (let time = 0; time < 3; time++) {
      await fixture.clock.advance(300)
      fixture.etcd.notifyProgress()
      await settle()
    }
    await fixture.clock.advance(100)
    expect(seen).toEqual(['1:', '1:', '1:'])
    expect(await ended).toMatchObject({ code: 'timeout' })
  })
})

describe('ending', () => {
  test('compaction of what was not delivered yet is an error, with its revision', async () => {
    fixture.etcd.store.compactRevision = 10
    const error = await collect({ fromRevision: 5 }).ended
    expect(error).toBeInstanceOf(CompactedError)
    expect((error as CompactedError).compactRevision).toBe(10)
  })

  test('a watch that no member takes fails after the request time', async () => {
    fixture.etcd.fault = ({ name }) => (name === 'watch' ? 'refused' : undefined)
    fixture.clock.chance = 0.9
    const { ended } = collect({ fromRevision: 2 })
    await fixture.clock.advance(15_100)
    expect(await ended).toMatchObject({ code: 'connectionFailed' })
  })

  test('events that came together with something unreadable are delivered before it is said', async () => {
    const lines = [
      '"created":true',
      '"events":[{"kv":{"key":"aw==","value":"eA==","mod_revision":"2"}}]',
    ]
    const text = lines.map((line) => `{"result":{"header":{"revision":"2"},${line}}}\n`).join('')
    fixture.etcd.stream = ({ signal }) =>
      Promise.resolve({ status: 200, chunks: silentAfter(`${text}{"result":}`, signal) })
    const { seen, ended } = collect({ fromRevision: 2 })
    expect(await ended).toMatchObject({ code: 'badResponse' })
    expect(seen).toEqual(['2:x'])
  })

  test('a refusal of the first read is passed on', async () => {
    fixture.etcd.fault = ({ name }) => (name === 'range' ? etcdErrors.permissionDenied : undefined)
    expect(await collect({}).ended).toMatchObject({ code: 'permissionDenied' })
  })

  test('leaving the loop ends the stream', async () => {
    const watch = client.watch('k', { fromRevision: 2 })
    await client.kv.put('k', 'x')
    for await (const { revision } of watch) {
      expect(revision).toBe(2)
      break
    }
    expect(watch.connected).toBe(false)
    const again = watch[Symbol.asyncIterator]()
    await expect(again.next()).rejects.toThrow(/only once/)
  })
})
