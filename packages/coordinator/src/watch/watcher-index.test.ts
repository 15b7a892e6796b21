/** Which watchers a key concerns (etcd §8.7: single keys, [key, end), everything from a key on). */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ScriptedReader, watchOf } from './scripted-store.test-support.js'
import { Watcher } from './watcher.js'
import { WatcherIndex } from './watcher-index.js'

function watcher(key: string, rangeEnd = ''): Watcher {
  return new Watcher(watchOf(key, rangeEnd), new ScriptedReader(), { next: 1, synced: true })
}

function indexOf(...watchers: readonly Watcher[]): WatcherIndex {
  const index = new WatcherIndex()
  for (const each of watchers) index.add(each)
  return index
}

function found(index: WatcherIndex, key: string): Watcher[] {
  return [...index.watchersOf(Buffer.from(key, 'latin1'))]
}

describe('WatcherIndex', () => {
  it('finds the watchers of one key, and not those of its neighbours', () => {
    const one = watcher('b')
    const index = indexOf(one, watcher('a'), watcher('b\0'), watcher('ba'))
    expect(found(index, 'b')).toEqual([one])
    expect(found(index, 'c')).toEqual([])
  })

  it('takes an interval without its end', () => {
    const interval = watcher('b', 'd')
    const index = indexOf(interval)
    const inside = ['b', 'b\0', 'c', 'cÿÿ']
    const outside = ['a', 'aÿ', 'd', 'd\0', '']
    for (const key of inside) expect(found(index, key)).toEqual([interval])
    for (const key of outside) expect(found(index, key)).toEqual([])
  })

  it('takes a range end of one zero byte as no end', () => {
    const open = watcher('b', '\0')
    const index = indexOf(open)
    for (const key of ['b', 'c', 'ÿÿ']) expect(found(index, key)).toEqual([open])
    expect(found(index, 'a')).toEqual([])
    expect(found(indexOf(watcher('\0', '\0')), '\0')).toHaveLength(1)
  })

  it('compares bytes as unsigned numbers', () => {
    const high = watcher('\x7f', '\xff')
    expect(found(indexOf(high), '\x80')).toEqual([high])
    expect(found(indexOf(high), '\xfe\xff')).toEqual([high])
    expect(found(indexOf(high), '\xff')).toEqual([])
  })

  it('finds nobody in an empty interval', () => {
    expect(found(indexOf(watcher('b', 'b'), watcher('c', 'a')), 'b')).toEqual([])
  })

  it('does not mix up intervals whose bounds run together', () => {
    const first = watcher('a', 'bc')
    const second = watcher('ab', 'c')
    const index = indexOf(first, second)
    expect(found(index, 'aa')).toEqual([first])
    index.remove(first)
    expect(found(index, 'aa')).toEqual([])
    expect(found(index, 'b')).toEqual([second])
  })

  it('forgets who was removed, and only that one', () => {
    const [one, other, interval, sibling] = [
      watcher('k'),
      watcher('k'),
      watcher('a', 'z'),
      watcher('a', 'z'),
    ]
    const index = indexOf(one, other, interval, sibling)
    index.remove(one)
    index.remove(interval)
    expect(found(index, 'k')).toEqual([other, sibling])
    index.remove(other)
    index.remove(sibling)
    index.remove(sibling)
    expect(found(index, 'k')).toEqual([])
  })

  it('agrees with a plain scan of all watchers', () => {
    const letter = fc.constantFrom('\0', 'a', 'b', '\x80', '\xff')
    const key = fc.array(letter, { minLength: 1, maxLength: 3 }).map((letters) => letters.join(''))
    const range = fc.tuple(key, fc.oneof(fc.constant(''), fc.constant('\0'), key))
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), fc.nat(12), key, (ranges, removed, asked) => {
        const watchers = ranges.map(([from, end]) => watcher(from, end))
        const index = indexOf(...watchers)
        const gone = watchers.splice(removed, 1)
        for (const each of gone) index.remove(each)
        const bytes = Buffer.from(asked, 'latin1')
        const expected = watchers.filter(({ request: { key: from, rangeEnd } }) => {
          if (rangeEnd.length === 0) return Buffer.compare(bytes, from) === 0
          const isOpen = rangeEnd.length === 1 && rangeEnd[0] === 0
          const isBelow = isOpen || Buffer.compare(bytes, rangeEnd) < 0
          return Buffer.compare(bytes, from) >= 0 && isBelow
        })
        expect(new Set(found(index, asked))).toEqual(new Set(expected))
        expect(found(index, asked)).toHaveLength(expected.length)
      }),
      { numRuns: 500 },
    )
  })
})
