/** etcd's promises for watches, one by one (etcd §8.31–37; catalogue 75–79). */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../time/clock.js'
import {
  ScriptedReader,
  ScriptedStore,
  watchOf,
  type Change,
} from './scripted-store.test-support.js'
import { MAX_PROGRESS_MS } from './progress-notices.js'
import { REPLAY_REVISIONS, WatchHub } from './watch-hub.js'
import type { WatchRequest, Watcher } from './watcher.js'

let store: ScriptedStore
let hub: WatchHub

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] })
  store = new ScriptedStore()
  hub = new WatchHub(store, systemClock, (error) => {
    throw error
  })
})

afterEach(() => {
  hub.close()
  vi.useRealTimers()
})

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Turns until nobody who can be told anything is behind. */
async function settle(): Promise<void> {
  let readsBefore = -1
  while (readsBefore < store.reads.length) {
    readsBefore = store.reads.length
    await turn()
  }
}

function apply(...revisions: readonly (readonly Change[])[]): void {
  hub.onApplied(store.write(...revisions))
}

function watch(request: WatchRequest): { reader: ScriptedReader; watcher: Watcher } {
  const reader = new ScriptedReader()
  return { reader, watcher: hub.create(request, reader) }
}

function put(key: string): Change[] {
  return [[key, 'v']]
}

describe('from now on', () => {
  it('tells what is applied after the creation, and nothing from before', async () => {
    apply(put('a'))
    const { reader } = watch(watchOf('a'))
    expect(reader.messages).toEqual([])
    apply(put('a'))
    apply(put('b'))
    apply([['a', undefined]])
    await settle()
    expect(reader.told).toEqual(['3:a', '5:-a'])
    expect(store.reads).toEqual([])
  })

  it('tells all events of a revision in one message, in their order (catalogue 75)', () => {
    const { reader } = watch(watchOf('a', 'z'))
    apply([
      ['c', '1'],
      ['a', '2'],
      ['~', '3'],
      ['b', undefined],
    ])
    expect(reader.messages).toHaveLength(1)
    expect(reader.told).toEqual(['2:c', '2:a', '2:-b'])
  })

  it('tells of a batch in one message that names its last revision', () => {
    const { reader } = watch(watchOf('a'))
    apply(put('a'), put('a'), put('b'))
    expect(reader.messages).toMatchObject([{ type: 'events', revision: 4 }])
    expect(reader.told).toEqual(['2:a', '3:a'])
  })

  it('sends no message when nothing in the batch concerns the watcher', () => {
    const { reader } = watch(watchOf('a'))
    apply(put('b'))
    hub.onApplied([])
    expect(reader.messages).toEqual([])
  })

  it('tells each of 10,000 watchers of one prefix (catalogue 79)', () => {
    const watches = Array.from({ length: 10_000 }, () => watch(watchOf('lock/', 'lock0')))
    apply(put('lock/1'), put('other'), put('lock/2'))
    expect(hub.watcherCount).toBe(10_000)
    for (const { reader } of watches) expect(reader.messages).toHaveLength(1)
    expect(watches.at(-1)!.reader.told).toEqual(['2:lock/1', '4:lock/2'])
  })
})

describe('from the past', () => {
  beforeEach(() => {
    apply(put('a'), put('b'), [['a', undefined]])
  })

  it('replays from the start revision, inclusive, then goes on live', async () => {
    const { reader, watcher } = watch(watchOf('a', '', { startRevision: 2 }))
    expect(reader.messages).toEqual([])
    expect(hub.isCaughtUp(watcher)).toBe(false)
    await settle()
    expect(reader.told).toEqual(['2:a', '4:-a'])
    expect(hub.isCaughtUp(watcher)).toBe(true)
    apply(put('a'))
    expect(reader.told).toEqual(['2:a', '4:-a', '5:a'])
  })

  it('replays the newest revision itself', async () => {
    const { reader } = watch(watchOf('a', '', { startRevision: 4 }))
    await settle()
    expect(reader.told).toEqual(['4:-a'])
  })

  it('tells once of what was applied between the creation and the replay', async () => {
    const { reader } = watch(watchOf('a', '', { startRevision: 2 }))
    apply(put('a'))
    expect(reader.messages).toEqual([])
    await settle()
    apply(put('a'))
    expect(reader.told).toEqual(['2:a', '4:-a', '5:a', '6:a'])
  })

  it('never calls the reader while the watch is being created', async () => {
    const reader = new ScriptedReader()
    reader.onSend = () => expect(created).toBeDefined()
    const created = hub.create(watchOf('a', '', { startRevision: 2 }), reader)
    await settle()
    expect(reader.told).toHaveLength(2)
  })

  it('reads a long history slice by slice, with other work in between', async () => {
    const count = 2 * REPLAY_REVISIONS + 10
    for (let revision = 0; revision < count; revision++) apply(put('long'))
    const { reader } = watch(watchOf('long', '', { startRevision: 5 }))
    await turn()
    expect(reader.told.length).toBeLessThanOrEqual(REPLAY_REVISIONS)
    apply(put('long'))
    await settle()
    apply(put('long'))
    expect(reader.told).toEqual(
      Array.from({ length: count + 2 }, (_, index) => `${5 + index}:long`),
    )
    expect(store.reads).toHaveLength(3)
  })

  it('shares one read of history among all who are behind', async () => {
    const watches = Array.from({ length: 100 }, () => watch(watchOf('a', '', { startRevision: 2 })))
    await settle()
    expect(store.reads).toEqual([2])
    for (const { reader } of watches) expect(reader.told).toEqual(['2:a', '4:-a'])
  })

  it('lets nobody starve while others keep starting far in the past (catalogue 79)', async () => {
    for (let revision = 0; revision < 3 * REPLAY_REVISIONS; revision++) apply(put('long'))
    const first = watch(watchOf('long', '', { startRevision: 2 }))
    const others: ScriptedReader[] = []
    for (let turns = 0; !hub.isCaughtUp(first.watcher); turns++) {
      expect(turns).toBeLessThan(100)
      others.push(watch(watchOf('long', '', { startRevision: 2 })).reader)
      await turn()
    }
    await settle()
    for (const reader of others) expect(reader.told).toEqual(first.reader.told)
  })

  it('lets nobody starve while others keep starting near the end', async () => {
    for (let revision = 0; revision < 3 * REPLAY_REVISIONS; revision++) apply(put('long'))
    watch(watchOf('long', '', { startRevision: store.revision }))
    await turn()
    const { watcher } = watch(watchOf('long', '', { startRevision: 2 }))
    for (let turns = 0; !hub.isCaughtUp(watcher); turns++) {
      expect(turns).toBeLessThan(100)
      apply(put('other'))
      watch(watchOf('long', '', { startRevision: store.revision }))
      await turn()
    }
  })
})

describe('from the future (etcd #20286; catalogue 78)', () => {
  it('tells nothing below the start revision', async () => {
    const { reader } = watch(watchOf('a', '', { startRevision: 4 }))
    apply(put('a'), put('a'))
    apply(put('a'))
    apply(put('a'))
    await settle()
    expect(reader.told).toEqual(['4:a', '5:a'])
  })

  it('tells the right part of a batch that contains the start revision', () => {
    const { reader } = watch(watchOf('a', '', { startRevision: 3 }))
    apply(put('a'), put('a'), put('a'))
    expect(reader.told).toEqual(['3:a', '4:a'])
  })

  it('is not caught up before its start, or the reader would resume below it', () => {
    const { watcher } = watch(watchOf('a', '', { startRevision: 4 }))
    expect(hub.isCaughtUp(watcher)).toBe(false)
    apply(put('b'))
    expect(hub.isCaughtUp(watcher)).toBe(false)
    apply(put('b'))
    expect(hub.isCaughtUp(watcher)).toBe(true)
    const { watcher: next } = watch(watchOf('a', '', { startRevision: store.revision + 1 }))
    expect(hub.isCaughtUp(next)).toBe(true)
  })
})

describe('what is told', () => {
  it.each([
    ['skipPuts', ['3:-a']],
    ['skipDeletes', ['2:a', '4:a']],
  ] as const)('leaves out what %s says, live and from history', async (filter, expected) => {
    const live = watch(watchOf('a', '', { [filter]: true }))
    apply(put('a'))
    apply([['a', undefined]])
    apply(put('a'))
    const replayed = watch(watchOf('a', '', { startRevision: 2, [filter]: true }))
    await settle()
    expect(live.reader.told).toEqual(expected)
    expect(replayed.reader.told).toEqual(expected)
    expect(live.reader.messages).toHaveLength(expected.length)
  })

  it('holds the previous version only for who asked, and none for a creation', async () => {
    const live = watch(watchOf('a', '', { prevKv: true }))
    const plain = watch(watchOf('a'))
    apply([['a', 'one']])
    apply([['a', 'two']])
    apply([['a', undefined]])
    const replayed = watch(watchOf('a', '', { startRevision: 2, prevKv: true }))
    await settle()
    for (const { reader } of [live, replayed]) {
      const previous = reader.messages.flatMap((message) =>
        message.type === 'events' ? message.events.map(({ prevKv }) => prevKv?.value) : [],
      )
      expect(previous).toEqual([undefined, Buffer.from('one'), Buffer.from('two')])
    }
    const [message] = plain.reader.messages.slice(-1)
    expect(message).toMatchObject({ events: [{ prevKv: undefined }] })
  })
})

describe('a reader that does not keep up (catalogue 61 and 79)', () => {
  it('is told everything once it reads on, nothing twice, and delays nobody else', async () => {
    const slow = watch(watchOf('a'))
    const quick = watch(watchOf('a'))
    apply(put('a'))
    slow.reader.room = 0
    apply(put('a'))
    apply(put('b'), put('a'))
    await settle()
    expect(slow.reader.told).toEqual(['2:a'])
    expect(quick.reader.told).toEqual(['2:a', '3:a', '5:a'])
    expect(hub.behindCount).toBe(1)
    slow.reader.room = Infinity
    hub.resume(slow.watcher)
    await settle()
    expect(hub.behindCount).toBe(0)
    apply(put('a'))
    expect(slow.reader.told).toEqual(['2:a', '3:a', '5:a', '6:a'])
  })

  it('costs neither memory nor turns while it is blocked', async () => {
    const { reader, watcher } = watch(watchOf('a'))
    reader.room = 0
    for (let count = 0; count < 50; count++) apply(put('a'))
    await settle()
    expect(store.reads).toEqual([])
    reader.room = 1
    hub.resume(watcher)
    await settle()
    expect(reader.messages).toHaveLength(1)
    expect(reader.told).toHaveLength(50)
  })

  it('is not written to by several watches at once when it can take but one message', async () => {
    apply(put('a'))
    const reader = new ScriptedReader()
    const watchers = Array.from({ length: 3 }, () =>
      hub.create(watchOf('a', '', { startRevision: 2 }), reader),
    )
    reader.room = 1
    await settle()
    expect(reader.messages).toHaveLength(1)
    expect(hub.behindCount).toBe(2)
    reader.room = Infinity
    for (const watcher of watchers) hub.resume(watcher)
    await settle()
    expect(reader.told).toEqual(['2:a', '2:a', '2:a'])
  })

  it('is not disturbed when it reads on without having been behind', async () => {
    const { reader, watcher } = watch(watchOf('a'))
    apply(put('a'))
    hub.resume(watcher)
    await settle()
    expect(reader.told).toEqual(['2:a'])
    expect(store.reads).toEqual([])
  })

  it('is told when compaction has overtaken it, once, and nothing more (catalogue 78)', async () => {
    const { reader, watcher } = watch(watchOf('a'))
    reader.room = 0
    apply(put('a'), put('a'), put('a'))
    store.compactRevision = 4
    apply(put('a'))
    await settle()
    expect(reader.messages).toEqual([])
    reader.room = Infinity
    hub.resume(watcher)
    await settle()
    apply(put('a'))
    hub.resume(watcher)
    await settle()
    expect(reader.messages).toEqual([{ type: 'compacted', compactRevision: 4 }])
    expect(hub.watcherCount).toBe(0)
    expect(hub.behindCount).toBe(0)
  })
})

describe('compaction', () => {
  it('refuses a start below the compacted revision', async () => {
    apply(put('a'), put('a'))
    store.compactRevision = 3
    const { reader } = watch(watchOf('a', '', { startRevision: 2 }))
    expect(reader.messages).toEqual([])
    await settle()
    expect(reader.messages).toEqual([{ type: 'compacted', compactRevision: 3 }])
  })

  it('allows a start exactly at it, and tells of a delete made there (etcd #19249)', async () => {
    apply(put('a'), [['a', undefined]], put('a'))
    store.compactRevision = 3
    const { reader } = watch(watchOf('a', '', { startRevision: 3, prevKv: true }))
    await settle()
    expect(reader.told).toEqual(['3:-a', '4:a'])
    expect(reader.messages[0]).toMatchObject({ events: [{ prevKv: undefined }, {}] })
  })

  it('does not concern a watcher that has been told everything', async () => {
    const { reader } = watch(watchOf('a'))
    for (let count = 0; count < 5; count++) apply(put('b'))
    store.compactRevision = 6
    apply(put('a'))
    await settle()
    expect(reader.told).toEqual(['7:a'])
  })

  it('stops one laggard without stopping the others', async () => {
    apply(put('a'), put('a'), put('a'))
    store.compactRevision = 3
    const overtaken = watch(watchOf('a', '', { startRevision: 2 }))
    const lagging = watch(watchOf('a', '', { startRevision: 3 }))
    await settle()
    expect(overtaken.reader.messages).toMatchObject([{ type: 'compacted' }])
    expect(lagging.reader.told).toEqual(['3:a', '4:a'])
  })
})

describe('progress notices (catalogue 77, etcd §8.35)', () => {
  const asked = { progressNotify: true }

  function pass(): void {
    vi.advanceTimersByTime(MAX_PROGRESS_MS)
  }

  it('tell an idle watcher the revision, and only if it asked', () => {
    const { reader } = watch(watchOf('a', '', asked))
    const silent = watch(watchOf('a'))
    apply(put('b'))
    pass()
    pass()
    expect(reader.messages).toEqual([
      { type: 'progress', revision: 2 },
      { type: 'progress', revision: 2 },
    ])
    expect(silent.reader.messages).toEqual([])
  })

  it('are left out after an interval with events', () => {
    const { reader } = watch(watchOf('a', '', asked))
    apply(put('a'))
    pass()
    expect(reader.messages).toMatchObject([{ type: 'events' }])
    pass()
    expect(reader.messages).toMatchObject([{ type: 'events' }, { type: 'progress', revision: 2 }])
  })

  it('are never given to a watcher that is behind', async () => {
    apply(put('a'))
    const replaying = watch(watchOf('a', '', { ...asked, startRevision: 2 }))
    pass()
    expect(replaying.reader.messages).toEqual([])
    await settle()
    pass()
    pass()
    expect(replaying.reader.messages).toMatchObject([
      { type: 'events' },
      { type: 'progress', revision: 2 },
    ])
  })

  it('come at another time for each of those who began together', () => {
    const told = new Set<number>()
    for (let at = 0; at < 50; at += 1) {
      const { reader } = watch(watchOf('a', '', asked))
      reader.onSend = () => told.add(Math.round(performance.now()))
    }
    pass()
    // One look finds those who are due within ten seconds.
    expect(told.size).toBeGreaterThanOrEqual(6)
  })

  it('are not pressed on a reader that is blocked', () => {
    const { reader } = watch(watchOf('a', '', asked))
    reader.room = 0
    pass()
    expect(reader.messages).toEqual([])
  })

  it('name no revision below the start of a watch of the future (etcd #20286)', () => {
    const { reader } = watch(watchOf('a', '', { ...asked, startRevision: 4 }))
    apply(put('b'))
    pass()
    expect(reader.messages).toEqual([])
    apply(put('b'))
    pass()
    expect(reader.messages).toEqual([{ type: 'progress', revision: 3 }])
  })

  it('end with the hub', () => {
    const { reader } = watch(watchOf('a', '', asked))
    hub.close()
    pass()
    expect(reader.messages).toEqual([])
  })
})

describe('cancelling', () => {
  it('ends a live watch at once, and twice is once', () => {
    const { reader, watcher } = watch(watchOf('a'))
    hub.cancel(watcher)
    hub.cancel(watcher)
    apply(put('a'))
    expect(reader.messages).toEqual([])
    expect(hub.watcherCount).toBe(0)
  })

  it('ends a replay between two slices', async () => {
    for (let count = 0; count < 2 * REPLAY_REVISIONS; count++) apply(put('a'))
    const { reader, watcher } = watch(watchOf('a', '', { startRevision: 2 }))
    await turn()
    hub.cancel(watcher)
    await settle()
    apply(put('a'))
    expect(reader.told).toHaveLength(REPLAY_REVISIONS)
    expect(hub.behindCount).toBe(0)
  })

  it('of a watch by another one that is being told holds at once, live and in a replay', async () => {
    const live = [watch(watchOf('a')), watch(watchOf('a'))]
    live[0]!.reader.onSend = () => hub.cancel(live[1]!.watcher)
    apply(put('a'))
    expect(live[1]!.reader.messages).toEqual([])
    const replayed = [1, 2].map(() => watch(watchOf('a', '', { startRevision: 2 })))
    replayed[0]!.reader.onSend = () => hub.cancel(replayed[1]!.watcher)
    await settle()
    expect(replayed[0]!.reader.told).toEqual(['2:a'])
    expect(replayed[1]!.reader.messages).toEqual([])
    expect(hub.behindCount).toBe(0)
  })

  it('leaves the other watchers of the same interval alone', () => {
    const [one, other] = [watch(watchOf('a', 'z')), watch(watchOf('a', 'z'))]
    hub.cancel(one.watcher)
    apply(put('b'))
    expect(other.reader.told).toEqual(['2:b'])
  })

  it('of everything ends a replay that was under way', async () => {
    apply(put('a'))
    const { reader } = watch(watchOf('a', '', { startRevision: 2 }))
    hub.close()
    await settle()
    expect(reader.messages).toEqual([])
    expect(store.reads).toEqual([])
  })
})
