/**
 * The hand-over from history to live, under whatever comes in between, against a model that is too
 * dumb to be wrong: the whole history, filtered (catalogue 75–79).
 */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../time/clock.js'
import {
  nameOf,
  ScriptedReader,
  ScriptedStore,
  watchOf,
  type Change,
} from './scripted-store.test-support.js'
import { WatchHub } from './watch-hub.js'
import type { Watcher, WatchMessage, WatchRequest } from './watcher.js'

type Step =
  | { readonly type: 'apply'; readonly revisions: readonly (readonly Change[])[] }
  | {
      readonly type: 'watch'
      readonly from: string
      readonly end: string
      /** Counted back from the store's revision; undefined: from now on. */
      readonly back: number | undefined
      readonly skip: 'puts' | 'deletes' | 'nothing'
    }
  | { readonly type: 'room'; readonly who: number; readonly room: number }
  | { readonly type: 'cancel'; readonly who: number }
  | { readonly type: 'compact'; readonly back: number }
  | { readonly type: 'turn' }

const key = fc.constantFrom('a', 'b', 'c')
const change = fc.tuple(key, fc.option(fc.constant('v'), { nil: undefined }))
const revision = fc.uniqueArray(change, { minLength: 1, maxLength: 3, selector: ([name]) => name })
const who = fc.nat(7)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('apply' as const),
      revisions: fc.array(revision, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('watch' as const),
      from: key,
      end: fc.constantFrom('', 'c', 'd', '\0'),
      back: fc.option(fc.integer({ min: -3, max: 12 }), { nil: undefined }),
      skip: fc.constantFrom('nothing', 'nothing', 'puts', 'deletes'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('room' as const), who, room: fc.nat(3) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cancel' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('compact' as const), back: fc.nat(6) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('turn' as const) }) },
)

interface Watched {
  readonly request: WatchRequest
  /** The first revision that it must be told of. */
  readonly start: number
  readonly reader: ScriptedReader
  readonly watcher: Watcher
  isCancelled: boolean
}

class Run {
  readonly store = Object.assign(new ScriptedStore(), { sliceLimit: 2 })
  readonly hub = new WatchHub(this.store, systemClock, (error) => {
    throw error
  })
  readonly watches: Watched[] = []

  async run(step: Step): Promise<void> {
    switch (step.type) {
      case 'apply':
        this.hub.onApplied(this.store.write(...step.revisions))
        return
      case 'watch':
        this.#watch(step)
        return
      case 'room':
        this.#giveRoom(this.watches[step.who], step.room)
        return
      case 'cancel':
        this.#cancel(this.watches[step.who])
        return
      case 'compact': {
        const { store } = this
        store.compactRevision = Math.max(store.compactRevision, store.revision - step.back)
        return
      }
      case 'turn':
        await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async finish(): Promise<void> {
    for (const watched of this.watches) this.#giveRoom(watched, Infinity)
    while (this.hub.behindCount > 0) await this.run({ type: 'turn' })
    this.hub.close()
  }

  /** What the watch should have been told, by the history alone. */
  expected({ request, start }: Watched): string[] {
    const from = Buffer.from(request.key)
    const end = Buffer.from(request.rangeEnd)
    return this.store.all
      .filter(({ revision: number }) => number >= start)
      .flatMap(({ events }) => events)
      .filter(({ type, kv }) => {
        if (type === 'put' ? request.skipPuts : request.skipDeletes) return false
        if (end.length === 0) return from.equals(kv.key)
        const isOpen = end.equals(Buffer.of(0))
        return from.compare(kv.key) <= 0 && (isOpen || end.compare(kv.key) > 0)
      })
      .map(nameOf)
  }

  #watch({ from, end, back, skip }: Extract<Step, { type: 'watch' }>): void {
    if (this.watches.length === 8) return
    const { revision } = this.store
    const startRevision = back === undefined ? 0 : Math.max(1, revision - back)
    const skips = { skipPuts: skip === 'puts', skipDeletes: skip === 'deletes' }
    const request = watchOf(from, end, { startRevision, ...skips })
    const reader = new ScriptedReader()
    const watcher = this.hub.create(request, reader)
    const start = startRevision === 0 ? revision + 1 : startRevision
    this.watches.push({ request, start, reader, watcher, isCancelled: false })
  }

  #giveRoom(watched: Watched | undefined, room: number): void {
    if (watched === undefined) return
    watched.reader.room = room
    if (room > 0) this.hub.resume(watched.watcher)
  }

  #cancel(watched: Watched | undefined): void {
    if (watched === undefined) return
    watched.isCancelled = true
    this.hub.cancel(watched.watcher)
    watched.reader.onSend = () => expect.unreachable('a cancelled watch was told something')
  }
}

function revisionOf(name: string): number {
  return Number.parseInt(name, 10)
}

/** Each message is a bookmark: what it names has been told, whole revisions, never less than before. */
function checkBookmarks(messages: readonly WatchMessage[], expected: readonly string[]): void {
  const told: string[] = []
  let bookmark = 0
  for (const message of messages) {
    if (message.type !== 'events') continue
    expect(message.events.length).toBeGreaterThan(0)
    expect(message.revision).toBeGreaterThan(bookmark)
    bookmark = message.revision
    told.push(...message.events.map(({ event }) => nameOf(event)))
    expect(told).toEqual(expected.filter((name) => revisionOf(name) <= bookmark))
  }
}

describe('WatchHub against the filtered history', () => {
  it('is ordered, unique, complete, and tells whole revisions', async () => {
    let compactions = 0
    let completions = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
        const run = new Run()
        for (const each of steps) await run.run(each)
        await run.finish()
        for (const watched of run.watches) {
          const { messages, told } = watched.reader
          const expected = run.expected(watched)
          checkBookmarks(messages, expected)
          expect(told).toEqual(expected.slice(0, told.length))
          const compacted = messages.findIndex(({ type }) => type === 'compacted')
          if (compacted >= 0) {
            compactions += 1
            expect(compacted).toBe(messages.length - 1)
          } else if (!watched.isCancelled) {
            completions += 1
            expect(told).toEqual(expected)
          }
        }
      }),
      { numRuns: 500 },
    )
    expect(compactions).toBeGreaterThan(50)
    expect(completions).toBeGreaterThan(500)
  })
})
