import { describe, expect, it } from 'vitest'
import { withPrevKv, type Change, type ChangeEvent } from './change-log.js'
import { expectedOf, withPrevious } from './expected-events.js'
import { generateKvHistory } from './kv-history.test-support.js'
import { kvOf, type Seen } from './kv-records.test-support.js'
import { Random } from './random.test-support.js'
import { checkWatches, type WatchCheckOptions } from './watch-check.js'
import type { WatchMessage, WatchRecord, WatchStream } from './watch-record.js'

const put = (key: string, seen: Seen): ChangeEvent => ({ type: 'put', kv: kvOf(key, seen) })
const removal = (key: string, modRevision: number): ChangeEvent => ({
  type: 'delete',
  key,
  modRevision,
})

const changes: readonly Change[] = [
  { revision: 2, events: [put('a', [2, 'x'])] },
  { revision: 3, events: [put('a', [3, 'y', 2, 2]), put('b', [3, 'y'])] },
  { revision: 4, events: [put('other', [4, 'z'])] },
  { revision: 5, events: [removal('a', 5)] },
]
const [two, three, , five] = changes.map(({ events }) => events)

function told(...events: readonly ChangeEvent[]): WatchMessage {
  const revision = Math.max(
    ...events.map((e) => (e.type === 'put' ? e.kv.modRevision : e.modRevision)),
  )
  return { type: 'events', revision, events }
}

const [tell2, tell3, tell5] = [told(...two!), told(...three!), told(...five!)]
const progress = (revision: number): WatchMessage => ({ type: 'progress', revision })
const created = (revision: number): WatchMessage => ({ type: 'created', revision })
const compacted = (compactRevision: number): WatchMessage => ({ type: 'canceled', compactRevision })

const from = (startRevision: number, ...messages: readonly WatchMessage[]): WatchStream => ({
  startRevision,
  messages,
})

/** A watch of `a` and `b`. */
function watch(
  streams: readonly WatchStream[],
  more: Partial<WatchRecord> = {},
  options: WatchCheckOptions = {},
): readonly string[] {
  const record: WatchRecord = {
    kind: 'watch',
    process: 'w',
    key: 'a',
    rangeEnd: 'c',
    streams,
    ...more,
  }
  return checkWatches([record], changes, options).map(({ kind }) => kind)
}

describe('a stream that tells everything', () => {
  it('from a revision on, in any number of messages', () => {
    expect(watch([from(1, tell2, tell3, tell5)], { completeTo: 5 })).toEqual([])
    expect(watch([from(1, told(...two!, ...three!, ...five!))], { completeTo: 5 })).toEqual([])
    expect(watch([from(3, tell3, tell5)], { completeTo: 5 })).toEqual([])
    expect(watch([from(9)], { completeTo: 5 })).toEqual([])
  })

  it('from its creation on', () => {
    expect(watch([from(0, created(2), tell3)])).toEqual([])
    expect(watch([from(0, created(2), tell2)])).toEqual(['beforeStart'])
    expect(watch([from(0, created(1), tell3)])).toEqual(['gap'])
    expect(watch([from(3, created(5), tell3)])).toEqual([])
  })

  it('may end anywhere, unless it was waited for', () => {
    expect(watch([from(1, tell2)])).toEqual([])
    expect(watch([from(1, tell2)], { completeTo: 2 })).toEqual([])
    expect(watch([from(1, tell2)], { completeTo: 3 })).toEqual(['incomplete'])
    expect(watch([from(1)], { completeTo: 2 })).toEqual(['incomplete'])
    expect(watch([from(1, tell2, tell3)], { completeTo: 4 })).toEqual([])
  })

  it('is not excused by a cancellation that gives no reason, however often it comes', () => {
    const canceled = from(1, created(1), { type: 'canceled' })
    expect(watch([canceled, canceled, canceled], { completeTo: 5 })).toEqual(['incomplete'])
    expect(watch([canceled], { completeTo: 1 })).toEqual([])
    expect(watch([canceled])).toEqual([])
    expect(watch([canceled, from(1, tell2, tell3, tell5)], { completeTo: 5 })).toEqual([])
    const afterAll = from(1, tell2, tell3, tell5, { type: 'canceled' })
    expect(watch([afterAll], { completeTo: 5 })).toEqual([])
  })
})

describe('ordered, unique, atomic (catalogue 75)', () => {
  it('out of order: an older revision after a newer one', () => {
    expect(watch([from(1, tell3, tell2)])).toEqual(['gap', 'outOfOrder'])
    expect(watch([from(1, told(...three!, ...two!))])).toEqual(['gap', 'outOfOrder'])
  })

  it('out of order: the events of one revision', () => {
    expect(watch([from(3, told(...[...three!].reverse()))])).toEqual(['outOfOrder'])
  })

  it('duplicate event: a revision again, or an event twice in one', () => {
    expect(watch([from(1, tell2, tell2)])).toEqual(['duplicateEvent'])
    expect(watch([from(1, tell2, tell3, tell2)])).toEqual(['duplicateEvent'])
    expect(watch([from(2, told(...two!, ...two!))])).toEqual(['duplicateEvent'])
  })

  it('split revision: a part of it, whether the rest comes or not', () => {
    const [a, b] = three!
    expect(watch([from(3, told(a!))])).toEqual(['splitRevision'])
    expect(watch([from(3, told(a!), told(b!))])).toEqual(['splitRevision'])
    expect(watch([from(3, told(a!), told(b!), told(b!))])).toEqual([
      'splitRevision',
      'duplicateEvent',
    ])
  })

  it('a header is not behind its events, and events are not without any', () => {
    expect(watch([from(1, { type: 'events', revision: 1, events: two! })])).toEqual(['wrongHeader'])
    expect(watch([from(1, { type: 'events', revision: 5, events: two! })])).toEqual([])
    const more = [...two!, ...three!]
    expect(watch([from(1, { type: 'events', revision: 2, events: more })])).toEqual(['wrongHeader'])
    expect(watch([from(1, { type: 'events', revision: 5, events: [] })])).toEqual(['wrongHeader'])
  })
})

describe('reliable and filtered (catalogue 76)', () => {
  it('gap: a revision is left out', () => {
    expect(watch([from(1, tell3)])).toEqual(['gap'])
    expect(watch([from(1, tell2, tell5)])).toEqual(['gap'])
  })

  it('before the start: a revision that was not asked for', () => {
    expect(watch([from(3, tell2, tell3)])).toEqual(['beforeStart'])
  })

  it('the rest of the keys is not told, nor what is filtered', () => {
    expect(watch([from(4, told(put('other', [4, 'z'])), tell5)])).toEqual(['notAskedFor'])
    expect(watch([from(1, tell2, tell3)], { filters: ['noDelete'], completeTo: 5 })).toEqual([])
    expect(watch([from(5, tell5)], { filters: ['noDelete'] })).toEqual(['notAskedFor'])
    expect(watch([from(1, tell5)], { filters: ['noPut'], completeTo: 5 })).toEqual([])
    expect(watch([from(1, tell2)], { filters: ['noPut'] })).toEqual(['notAskedFor'])
    expect(watch([from(3, tell3)], { rangeEnd: 'b' })).toEqual(['notAskedFor'])
    const half = from(1, tell2, told(three![0]!), tell5)
    expect(watch([half], { rangeEnd: 'b', completeTo: 5 })).toEqual([])
  })

  it('wrong event: one that is not so', () => {
    expect(watch([from(2, told(put('a', [2, 'no'])))])).toEqual(['wrongEvent', 'splitRevision'])
    expect(watch([from(6, told(put('a', [6, 'x'])))])).toEqual(['wrongEvent'])
    expect(watch([from(5, told(put('a', [5, 'x'])))])).toEqual(['wrongEvent', 'splitRevision'])
  })

  it('the previous value is told if it is asked for, and right (etcd §8.36)', () => {
    const before = kvOf('a', [2, 'x'])
    const withPrev = (prevKv: typeof before) => from(3, told({ ...three![0]!, prevKv }, three![1]!))
    expect(watch([withPrev(before)], { prevKv: true })).toEqual([])
    expect(watch([withPrev(kvOf('a', [2, 'y']))], { prevKv: true })).toEqual(['wrongPrevKv'])
    expect(watch([withPrev(before)])).toEqual(['wrongPrevKv'])
    expect(watch([from(3, tell3)], { prevKv: true })).toEqual(['wrongPrevKv'])
    const invented = told({ ...two![0]!, prevKv: before })
    expect(watch([from(2, invented)], { prevKv: true })).toEqual(['wrongPrevKv'])
    // It may be gone, but not be another.
    const missing = (compactRevision: number) =>
      watch([from(3, tell3)], { prevKv: true }, { compactRevision })
    expect(missing(3)).toEqual([])
    expect(missing(2)).toEqual(['wrongPrevKv'])
    const wrong = withPrev(kvOf('a', [2, 'y']))
    expect(watch([wrong], { prevKv: true }, { compactRevision: 3 })).toEqual(['wrongPrevKv'])
  })
})

describe('progress (catalogue 77)', () => {
  it('is true: all that was asked for has been told, and the rest does not count', () => {
    expect(watch([from(1, progress(1), tell2, progress(2), tell3, progress(4))])).toEqual([])
    expect(watch([from(1, tell2, progress(3), tell3)])).toEqual(['falseProgress'])
  })

  it('does not go back, except on another stream', () => {
    expect(watch([from(4, progress(4), progress(3))])).toEqual(['falseProgress'])
    expect(watch([from(4, progress(4), progress(4))])).toEqual([])
    expect(watch([from(4, progress(4)), from(4, progress(3))])).toEqual([])
  })

  it('is not told of what lies before a start in the future (etcd #20286)', () => {
    expect(watch([from(9, progress(5))])).toEqual(['beforeStart'])
    expect(watch([from(9, progress(8))])).toEqual([])
  })
})

describe('a watch that goes on with another stream (catalogue 76)', () => {
  it('begins behind what was told', () => {
    expect(watch([from(1, tell2), from(3, tell3, tell5)], { completeTo: 5 })).toEqual([])
    expect(watch([from(1, tell2, tell3, progress(4)), from(5, tell5)])).toEqual([])
    expect(watch([from(0), from(3, tell3, tell5)])).toEqual([])
    expect(watch([from(1), from(1, tell2)])).toEqual([])
  })

  it('gap: it begins too late', () => {
    expect(watch([from(1, tell2), from(4, tell5)])).toEqual(['gap'])
    expect(watch([from(1, tell2, tell3), from(5, tell5)])).toEqual([])
    expect(watch([from(1), from(0, created(2), tell3)])).toEqual(['gap'])
    expect(watch([from(1, tell2), from(0, created(2), tell3)])).toEqual([])
    expect(watch([from(1, tell2), from(0, created(3), tell5)])).toEqual(['gap'])
    expect(watch([from(1, tell2, { type: 'canceled' }), from(4, tell5)])).toEqual(['gap'])
  })

  it('duplicate event: it begins too early', () => {
    expect(watch([from(1, tell2), from(2, tell2)])).toEqual(['duplicateEvent', 'duplicateEvent'])
  })
})

describe('compaction (catalogue 78)', () => {
  const at4 = { compactRevision: 4 }

  it('cancels what begins below, and then what is below is lost', () => {
    expect(watch([from(1, created(5), compacted(4))], { completeTo: 5 }, at4)).toEqual([])
    const after = [from(1, compacted(4)), from(4)]
    expect(watch(after, { completeTo: 5 }, at4)).toEqual(['incomplete'])
    expect(watch([from(1, tell2, compacted(4)), from(4, tell5)], {}, at4)).toEqual([])
    expect(watch([from(1, tell2, compacted(4)), from(6)], {}, at4)).toEqual(['gap'])
    expect(watch([from(1, compacted(3)), from(4, tell5)], {}, at4)).toEqual(['gap'])
  })

  it('false compaction: of what begins at it or above, or where nothing was compacted', () => {
    expect(watch([from(4, compacted(4))], {}, at4)).toEqual(['falseCompaction'])
    expect(watch([from(3, compacted(4))], {}, at4)).toEqual([])
    expect(watch([from(1, tell2, tell3, compacted(4))], {}, at4)).toEqual(['falseCompaction'])
    expect(watch([from(1, compacted(5))], {}, at4)).toEqual(['falseCompaction'])
    expect(watch([from(1, compacted(4))])).toEqual(['falseCompaction'])
  })

  it('nothing comes after a cancellation, nor before the creation that names the start', () => {
    expect(watch([from(1, { type: 'canceled' }, tell2)])).toEqual(['afterCancellation'])
    expect(watch([from(1, { type: 'canceled' }, progress(1))])).toEqual(['afterCancellation'])
    expect(watch([from(0, tell2, created(2))])[0]).toBe('notCreated')
  })
})

describe('what is reported', () => {
  it('names the watch and the revision', () => {
    const record: WatchRecord = {
      kind: 'watch',
      process: 'w1',
      key: 'a',
      streams: [from(1, tell5)],
    }
    const [violation] = checkWatches([record], changes)
    expect(violation).toEqual({
      kind: 'gap',
      message: 'watch of "a" by w1: 2 is missing before 5',
      records: [record],
    })
    const [ofInterval] = checkWatches([{ ...record, rangeEnd: 'c' }], changes)
    expect(ofInterval?.message).toBe('watch of ["a","c"] by w1: 2 is missing before 5')
  })
})

describe('generated watches of generated changes', () => {
  const generated = (seed: number) => {
    const random = new Random(seed)
    const history = generateKvHistory(seed, {
      operations: 120,
      multiKey: true,
      keys: ['a', 'b', 'c'],
    })
    const record: WatchRecord = {
      kind: 'watch',
      process: 'w',
      key: random.pick(['a', 'b']),
      ...random.pick([{}, { rangeEnd: 'c' }, { rangeEnd: '\0' }]),
      filters: random.pick([[], [], ['noPut'], ['noDelete']]),
      prevKv: random.chance(0.5),
      streams: [],
      completeTo: history.changes.length + 1,
    }
    const events = expectedOf(record, withPrevious(history.changes)).map((change) =>
      told(
        ...change.events.map((event) =>
          withPrevKv(event, record.prevKv === true ? event.prevKv : undefined),
        ),
      ),
    )
    const cut = random.below(events.length + 1)
    const revisionOf = (message: WatchMessage | undefined) =>
      message?.type === 'events' ? message.revision : 0
    const streams = [
      from(1, created(1), ...events.slice(0, cut)),
      from(revisionOf(events[cut - 1]) + 1, ...events.slice(cut)),
    ]
    return { random, changes: history.changes, record: { ...record, streams }, events }
  }

  it('are right, and wrong without any one message, or with one twice', () => {
    for (let seed = 0; seed < 200; seed += 1) {
      const { random, changes: all, record, events } = generated(seed)
      expect([seed, ...checkWatches([record], all)]).toEqual([seed])
      if (events.length === 0) continue
      const victim = random.below(events.length)
      const streamOf = (messages: readonly WatchMessage[]) => ({
        ...record,
        streams: [from(1, ...messages)],
      })
      const without = events.filter((_, index) => index !== victim)
      const twice = [...events.slice(0, victim + 1), ...events.slice(victim)]
      expect([seed, checkWatches([streamOf(events)], all).length]).toEqual([seed, 0])
      expect([seed, checkWatches([streamOf(without)], all).length]).toEqual([seed, 1])
      expect([seed, checkWatches([streamOf(twice)], all).length]).toEqual([seed, 1])
    }
  })
})
