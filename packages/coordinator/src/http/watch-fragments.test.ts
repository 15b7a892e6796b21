/** Messages of a watch that are too long for one piece (etcd §8.33). */

import { describe, expect, it } from 'vitest'
import type { WatchedEvent } from '../watch/watcher.js'
import { fragmentsOf, MAX_FRAGMENT_BYTES } from './watch-fragments.js'

function event(revision: number, valueBytes: number, prevBytes?: number): WatchedEvent {
  const kv = {
    ...{ key: Buffer.from('k'), createRevision: 1, modRevision: revision, version: 1, lease: '0' },
    value: Buffer.alloc(valueBytes),
  }
  const prevKv = prevBytes === undefined ? undefined : { ...kv, value: Buffer.alloc(prevBytes) }
  return { event: { type: 'put', kv, previous: undefined }, prevKv }
}

const shapes = (events: readonly WatchedEvent[]): unknown =>
  [...fragmentsOf(events)].map((part) => [
    ...part.events.map((one) => one.event.kv.modRevision),
    part.isLast,
  ])

const MIB = 1024 * 1024

describe('a message', () => {
  it('that is short is whole', () => {
    expect(shapes([event(1, 10), event(2, 10)])).toEqual([[1, 2, true]])
    expect(shapes([])).toEqual([[true]])
  })

  it('is cut where it would reach the limit, and only the last part says that it is', () => {
    const events = [event(1, MIB), event(2, 0.9 * MIB), event(3, MIB), event(4, MIB)]
    expect(shapes(events)).toEqual([
      [1, 2, false],
      [3, false],
      [4, true],
    ])
  })

  it('counts what was before as well', () => {
    expect(shapes([event(1, 0.6 * MIB, 0.6 * MIB), event(2, 0.6 * MIB, 0.6 * MIB)])).toEqual([
      [1, false],
      [2, true],
    ])
  })

  it('never cuts an event, however long it is', () => {
    expect(shapes([event(1, 2 * MAX_FRAGMENT_BYTES), event(2, 1)])).toEqual([
      [1, false],
      [2, true],
    ])
  })
})
