import { describe, expect, it } from 'vitest'
import { normalized, put, text, TestMachine, txn } from './state-machine.test-support.js'

function eventsFrom(store: TestMachine, revision: number): string[] {
  return store.machine
    .history(revision, 1000)
    .flatMap(({ revision: at, events }) =>
      events.map(({ type, kv }) => `${at} ${type} ${text(kv.key)}`),
    )
}

describe('compaction', () => {
  it('is refused at or below the compacted revision and above the present (etcd §8.39)', () => {
    const store = new TestMachine()
    store.put('a')
    store.put('a')
    expect(store.refusal({ type: 'compact', revision: 4 })).toBe('futureRevision')
    expect(store.refusal({ type: 'compact', revision: -1 })).toBe('compacted')
    expect(store.machine.compactRevision).toBe(-1)
    expect(store.run({ type: 'compact', revision: 3 })).toEqual({ type: 'compact', revision: 3 })
    expect(store.machine.compactRevision).toBe(3)
    expect(store.refusal({ type: 'compact', revision: 3 })).toBe('compacted')
    expect(store.revision).toBe(3)
  })

  it('keeps the newest version at the revision of each key that lived then (etcd §8.39)', () => {
    const store = new TestMachine()
    store.put('a', '1')
    store.put('b', '1')
    store.put('a', '2')
    store.delete('b')
    store.put('a', '3')
    store.run({ type: 'compact', revision: 4 })
    while (store.machine.removeCompacted(2));
    expect(store.contents(4)).toEqual(['a=2@4', 'b=1@3'])
    expect(store.contents(5)).toEqual(['a=2@4'])
    expect(store.contents(6)).toEqual(['a=3@6'])
  })

  it('leaves a delete made exactly at the revision visible to history (etcd #19249)', () => {
    const store = new TestMachine()
    store.put('a')
    store.delete('a')
    store.run({ type: 'compact', revision: 3 })
    while (store.machine.removeCompacted(2));
    expect(eventsFrom(store, 3)).toEqual(['3 delete a'])
    // The next compaction takes it.
    store.put('b')
    store.run({ type: 'compact', revision: 4 })
    while (store.machine.removeCompacted(2));
    expect(eventsFrom(store, 4)).toEqual(['4 put b'])
    expect(store.keys(4)).toEqual(['b'])
  })

  it('hides previous versions below the revision, whether or not they are removed (§8.36)', () => {
    const store = new TestMachine()
    store.put('a', '1')
    store.put('a', '2')
    store.put('a', '3')
    const [, second, third] = store.machine.history(2, 10).map(({ events }) => events[0]!)
    expect(text(store.machine.previous(second!)!.value)).toBe('1')
    store.run({ type: 'compact', revision: 3 })
    for (const isRemoved of [false, true]) {
      if (isRemoved) while (store.machine.removeCompacted(2));
      expect(store.machine.previous(second!)).toBeUndefined()
      expect(text(store.machine.previous(third!)!.value)).toBe('2')
    }
  })

  it('says whether there is more to remove, and never removes more than asked for', () => {
    const store = new TestMachine()
    for (let at = 0; at < 20; at++) store.put('a', String(at))
    store.run({ type: 'compact', revision: store.revision })
    let slices = 1
    while (store.machine.removeCompacted(4)) slices++
    expect(slices).toBeGreaterThanOrEqual(5)
    expect(store.machine.removeCompacted(4)).toBe(false)
    expect(store.contents()).toEqual(['a=19@21'])
  })
})

describe('history', () => {
  it('gives whole revisions, oldest first, as they were when applied (etcd §8.33)', () => {
    const store = new TestMachine()
    store.grant('7')
    const applied = [
      put('a', '1', { lease: '7' }),
      txn([], [put('b', '2'), put('a', '3')]),
      txn([], [put('c')]),
    ].flatMap((operation) => {
      store.run(operation)
      return store.lastBatch!.revisions
    })
    store.delete('a', '\0')
    applied.push(...store.lastBatch!.revisions)
    store.put('a', 'again')
    applied.push(...store.lastBatch!.revisions)
    expect(normalized(store.machine.history(0, 100))).toEqual(normalized(applied))
    expect(normalized(store.machine.history(3, 2))).toEqual(normalized(applied.slice(1, 3)))
    expect(store.machine.history(7, 100)).toEqual([])
  })

  it('comes in slices that end early when values are large, and is whole all the same', () => {
    const store = new TestMachine()
    const value = 'v'.repeat(256 * 1024)
    for (let at = 0; at < 100; at++) store.put('a', value)
    const seen: number[] = []
    for (let from = 1; from <= store.revision; from = seen.at(-1)! + 1) {
      const slice = store.machine.history(from, 1000)
      expect(slice.length).toBeLessThan(100)
      seen.push(...slice.map(({ revision }) => revision))
    }
    expect(seen).toEqual(Array.from({ length: 100 }, (_, at) => at + 2))
  })

  it('does not stop short at revision 1, which changed nothing', () => {
    const store = new TestMachine()
    store.put('a')
    expect(store.machine.history(1, 1)).toHaveLength(1)
  })
})
