/** The watches of one stream, in etcd's words (§8.31–37), over a store that is an array. */

import { watchCancelReasons, WatchRequest } from '@holdfast/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ScriptedStore, type Change } from '../watch/scripted-store.test-support.js'
import { MAX_PROGRESS_MS } from '../watch/progress-notices.js'
import { WatchHub } from '../watch/watch-hub.js'
import { systemClock } from '../time/clock.js'
import type { EdgeContext } from './edge-context.js'
import { base64, settle, type Json } from './edge.test-support.js'
import { MAX_WATCHES_PER_STREAM, WatchSession } from './watch-session.js'

let store: ScriptedStore
let hub: WatchHub
let session: WatchSession
let isWritable: boolean
let written: Json[]

const onFatal = (error: unknown): void => {
  throw error
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
  store = new ScriptedStore()
  hub = new WatchHub(store, systemClock, onFatal)
  isWritable = true
  written = []
  const node = { state: store, status: { term: 3 } }
  const context = { node, hub, clusterId: '1', memberId: '2' } as unknown as EdgeContext
  session = new WatchSession(context, {
    get writable() {
      return isWritable
    },
    write: (text) => void written.push(JSON.parse(text) as Json),
  })
})

afterEach(() => {
  hub.close()
  vi.useRealTimers()
})

function ask(request: Json): Json[] {
  session.handle(WatchRequest.decode(request))
  return written.splice(0)
}

const create = (request: Json = {}): Json[] => ask({ create_request: request })

function write(...revisions: readonly (readonly Change[])[]): Json[] {
  hub.onApplied(store.write(...revisions))
  return written.splice(0)
}

const header = (revision?: number): Json => ({
  cluster_id: '1',
  member_id: '2',
  ...(revision !== undefined && { revision: String(revision) }),
  raft_term: '3',
})
const KEY_A = { key: base64('a') }
const ALL = { key: 'AA==', range_end: 'AA==' }

describe('creating', () => {
  it('is answered at once, before any event, with the store’s revision', async () => {
    write([['a', '1']])
    expect(create({ ...KEY_A, start_revision: '1' })).toEqual([
      { header: header(2), created: true },
    ])
    await settle()
    expect(written).toMatchObject([{ header: header(2), events: [{ kv: { key: base64('a') } }] }])
  })

  it('gives ids 0, 1, 2, and passes over those that clients chose', () => {
    const ids = [{}, {}, { watch_id: '3' }, {}, {}, { watch_id: '-7' }].map(
      (more) => create({ ...KEY_A, ...more })[0]?.['watch_id'],
    )
    // 0 is absent on the wire.
    expect(ids).toEqual([undefined, '1', '3', '2', '4', '-7'])
    expect(hub.watcherCount).toBe(6)
  })

  it('takes an id again once it is free', () => {
    create({ ...KEY_A, watch_id: '5' })
    ask({ cancel_request: { watch_id: '5' } })
    expect(create({ ...KEY_A, watch_id: '5' })).toEqual([
      { header: header(1), watch_id: '5', created: true },
    ])
  })

  it.each([
    ['a taken id', { ...KEY_A, watch_id: '5' }, watchCancelReasons.duplicateId],
    [
      'an interval that ends where it starts',
      { ...KEY_A, range_end: base64('a') },
      watchCancelReasons.emptyRange,
    ],
    [
      'one that ends before it starts',
      { ...KEY_A, range_end: base64('Z') },
      watchCancelReasons.emptyRange,
    ],
    ['a negative start', { ...KEY_A, start_revision: '-1' }, watchCancelReasons.compacted],
  ])('is refused in one line for %s (§8.37)', (_, request, reason) => {
    create({ ...KEY_A, watch_id: '5' })
    expect(create(request)).toEqual([
      { header: header(1), watch_id: '-1', created: true, canceled: true, cancel_reason: reason },
    ])
    expect(hub.watcherCount).toBe(1)
  })

  it('names an empty interval before a taken id, as etcd does', () => {
    create({ ...KEY_A, watch_id: '5' })
    const both = { ...KEY_A, range_end: base64('a'), watch_id: '5', start_revision: '-1' }
    expect(create(both)).toMatchObject([{ cancel_reason: watchCancelReasons.emptyRange }])
  })

  it('a refused one uses no id', () => {
    create({ ...KEY_A, range_end: base64('a') })
    expect(create(KEY_A)).toEqual([{ header: header(1), created: true }])
  })

  it('without a key watches the smallest one, and with an open end all (§8.37)', () => {
    create({})
    create({ range_end: 'AA==' })
    create({ range_end: base64('b') })
    const told = write([['\0', '1']], [['a', '1']], [['b', '1']])
    const keys = (events: unknown): unknown[] =>
      (events as { kv: { key: string } }[]).map(({ kv }) =>
        Buffer.from(kv.key, 'base64').toString(),
      )
    expect(told.map((line) => [line['watch_id'] ?? '0', keys(line['events'])])).toEqual([
      ['0', ['\0']],
      ['1', ['\0', 'a', 'b']],
      ['2', ['\0', 'a']],
    ])
  })

  it('has a limit per stream', () => {
    for (let count = 0; count < MAX_WATCHES_PER_STREAM; count++) {
      session.handle(WatchRequest.decode({ create_request: KEY_A }))
    }
    written = []
    expect(create(KEY_A)).toMatchObject([
      { watch_id: '-1', canceled: true, cancel_reason: 'etcdserver: too many requests' },
    ])
    expect(hub.watcherCount).toBe(MAX_WATCHES_PER_STREAM)
    session.close()
  })
})

describe('a start in the past', () => {
  beforeEach(() => {
    write([['a', '1']], [['a', undefined]], [['a', '3']])
  })

  it('below the compacted revision is answered and cancelled, without a revision (§8.32)', async () => {
    store.compactRevision = 3
    expect(create({ ...KEY_A, start_revision: '2' })).toEqual([
      { header: header(4), created: true },
      { header: header(), canceled: true, compact_revision: '3' },
    ])
    expect(hub.watcherCount).toBe(0)
    await settle()
    expect(written).toEqual([])
  })

  it('exactly at it is told, also of a delete made there (§8.32, etcd #19249)', async () => {
    store.compactRevision = 3
    create({ ...KEY_A, start_revision: '3' })
    await settle()
    expect(written).toMatchObject([
      { events: [{ type: 'DELETE', kv: { mod_revision: '3' } }, { kv: { mod_revision: '4' } }] },
    ])
  })

  it('that compaction overtakes is cancelled', async () => {
    isWritable = false
    create({ ...KEY_A, start_revision: '2' })
    store.compactRevision = 4
    isWritable = true
    session.onDrain()
    await settle()
    expect(written).toEqual([{ header: header(), canceled: true, compact_revision: '4' }])
    expect(hub.watcherCount).toBe(0)
    // Its id is taken until it is cancelled, as in etcd.
    written = []
    expect(create({ ...KEY_A, watch_id: '0' })).toMatchObject([{ watch_id: '1', created: true }])
    expect(ask({ cancel_request: {} })).toMatchObject([{ canceled: true }])
    expect(ask({ cancel_request: {} })).toEqual([])
  })
})

describe('a start in the future', () => {
  it('is told nothing older, progress included (§8.31, etcd #20286)', () => {
    create({ ...KEY_A, start_revision: '5' })
    expect(write([['a', '1']], [['a', '2']])).toEqual([])
    expect(ask({ progress_request: {} })).toEqual([])
    expect(write([['a', '3']])).toEqual([])
    expect(write([['a', '4']])).toMatchObject([{ events: [{ kv: { mod_revision: '5' } }] }])
    expect(ask({ progress_request: {} })).toEqual([{ header: header(5), watch_id: '-1' }])
  })
})

describe('cancelling', () => {
  it('is confirmed, and nothing follows', () => {
    create({ ...KEY_A, watch_id: '5' })
    expect(ask({ cancel_request: { watch_id: '5' } })).toEqual([
      { header: header(1), watch_id: '5', canceled: true },
    ])
    expect(write([['a', '1']])).toEqual([])
    expect(hub.watcherCount).toBe(0)
  })

  it('of an unknown id is ignored', () => {
    create(KEY_A)
    expect(ask({ cancel_request: { watch_id: '5' } })).toEqual([])
    expect(hub.watcherCount).toBe(1)
  })

  it('leaves the others alone', () => {
    create({ ...KEY_A, watch_id: '5' })
    create({ ...KEY_A, watch_id: '6' })
    ask({ cancel_request: { watch_id: '5' } })
    expect(write([['a', '1']])).toMatchObject([{ watch_id: '6' }])
  })
})

describe('progress', () => {
  it('is told when every watch of the stream has been told all', async () => {
    write([['a', '1']])
    create({ ...ALL, start_revision: '2' })
    create(KEY_A)
    expect(ask({ progress_request: {} })).toEqual([])
    await settle()
    written = []
    expect(ask({ progress_request: {} })).toEqual([{ header: header(2), watch_id: '-1' }])
  })

  it('of a stream without watches is told too (etcd 3.4)', () => {
    expect(ask({ progress_request: {} })).toEqual([{ header: header(1), watch_id: '-1' }])
  })

  it('is sent unasked to an idle watch that wants it', () => {
    create(KEY_A)
    create({ ...KEY_A, progress_notify: true })
    vi.advanceTimersByTime(MAX_PROGRESS_MS)
    expect(written).toEqual([{ header: header(1), watch_id: '1' }])
  })
})

describe('a slow reader', () => {
  it('is told later, from history, each event once and in order (§8.33)', async () => {
    create(ALL)
    isWritable = false
    expect(write([['a', '1']])).toEqual([])
    expect(write([['b', '1']], [['a', undefined]])).toEqual([])
    isWritable = true
    session.onDrain()
    await settle()
    const mods = written.flatMap((line) => line['events']).map((event) => event as Json)
    expect(mods.map(({ kv }) => (kv as Json)['mod_revision'])).toEqual(['2', '3', '4'])
    written = []
    expect(write([['c', '1']])).toMatchObject([{ header: header(5) }])
  })
})

it.each([{}, { unknown: 1 }])('a message that asks for nothing is ignored: %j', (message) => {
  create(KEY_A)
  ask(message)
  expect(write([['a', '1']])).toMatchObject([{ header: header(2) }])
})

it('closing cancels everything', () => {
  create(KEY_A)
  create(ALL)
  session.close()
  expect(hub.watcherCount).toBe(0)
  expect(write([['a', '1']])).toEqual([])
})
