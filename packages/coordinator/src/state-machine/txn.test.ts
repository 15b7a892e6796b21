import { describe, expect, it } from 'vitest'
import type { Operation } from './operation.js'
import type { RangeResult } from './outcome.js'
import {
  compareNumber,
  compareValue,
  deleteRange,
  put,
  range,
  selector,
  text,
  TestMachine,
  txn,
} from './state-machine.test-support.js'

describe('txn', () => {
  it('gives all its changes one revision, numbered within it (etcd §8.2)', () => {
    const store = new TestMachine()
    store.put('gone')
    const operation = txn([], [put('b', '1'), deleteRange('gone'), put('a', '2')])
    expect(store.run<'txn'>(operation)).toMatchObject({ revision: 3, succeeded: true })
    expect(store.contents()).toEqual(['a=2@3', 'b=1@3'])
    const { events } = store.lastBatch!.revisions[0]!
    expect(events.map(({ type, kv }) => `${type} ${text(kv.key)}`)).toEqual([
      'put b',
      'delete gone',
      'put a',
    ])
    store.put('a')
    // The previous version of a is the third change of revision 3.
    expect(store.lastBatch!.revisions[0]!.events[0]!.previous).toEqual({ revision: 3, sub: 2 })
  })

  it('uses no revision when nothing changes (etcd §8.2)', () => {
    const store = new TestMachine()
    store.put('a')
    const operation = txn([compareNumber('a', 'version', 9)], [put('b')], [deleteRange('missing')])
    expect(store.run<'txn'>(operation)).toMatchObject({ revision: 2, succeeded: false })
    expect(store.revision).toBe(2)
  })

  it('reports the old revision before its first change and the new one after it (etcd §8.4)', () => {
    const store = new TestMachine()
    store.put('x')
    const { responses } = store.run<'txn'>(
      txn(
        [],
        [
          range('a'),
          deleteRange('missing'),
          put('a'),
          range('a'),
          deleteRange('missing'),
          txn([], []),
        ],
      ),
    )
    expect(responses.map(({ revision }) => revision)).toEqual([2, 2, 3, 3, 3, 3])
  })

  it('lets operations see earlier changes of the same transaction (etcd §8.20)', () => {
    const store = new TestMachine()
    store.put('b', 'old')
    store.put('c', 'old')
    const { responses } = store.run<'txn'>(
      txn(
        [],
        [
          put('a', 'new'),
          deleteRange('b'),
          range('a', 'z'),
          range('a', 'z', { revision: 3 }),
          put('d', 'new'),
          range('a', 'z', { countOnly: true }),
        ],
      ),
    )
    expect(keysOf(responses[2])).toEqual(['a', 'c'])
    // Asked for by its number, the revision before the transaction is as it was.
    expect(keysOf(responses[3])).toEqual(['b', 'c'])
    expect(responses[5]).toMatchObject({ count: 3 })
  })

  it('evaluates every comparison, nested ones too, before the transaction (etcd §8.20)', () => {
    const store = new TestMachine()
    store.put('a', 'before')
    const nested = txn([compareValue('a', 'before')], [put('saw', 'before')], [put('saw', 'after')])
    store.run<'txn'>(txn([], [put('a', 'after'), nested]))
    expect(store.contents()).toEqual(['a=after@3', 'saw=before@3'])
  })

  it('runs the failure branch when a comparison fails, whatever the others say (etcd §8.22)', () => {
    const store = new TestMachine()
    store.put('a', 'x')
    const operation = txn(
      [compareValue('a', 'x'), compareValue('a', 'y')],
      [put('a', 'success')],
      [put('b', 'failure')],
    )
    expect(store.run<'txn'>(operation).succeeded).toBe(false)
    expect(store.contents()).toEqual(['a=x@2', 'b=failure@3'])
  })

  it('succeeds without comparisons (etcd §8.22)', () => {
    expect(new TestMachine().run<'txn'>(txn([], [])).succeeded).toBe(true)
  })

  const failing: [string, Operation, string][] = [
    ['an unknown lease', put('z', '', { lease: '404' }), 'leaseNotFound'],
    ['ignoreValue on a missing key', put('z', '', { ignoreValue: true }), 'keyNotFound'],
    ['a future revision', range('a', '', { revision: 99 }), 'futureRevision'],
    ['its own new revision', range('a', '', { revision: 4 }), 'futureRevision'],
    ['a compacted revision', range('a', '', { revision: 1 }), 'compacted'],
    ['a negative revision', range('a', '', { revision: -1 }), 'compacted'],
  ]

  it.each(failing)('is refused as a whole because of %s (etcd §8.17)', (_, operation, reason) => {
    const store = new TestMachine()
    store.put('a', '1')
    store.put('a', '2')
    store.apply({ type: 'compact', revision: 2 })
    const before = store.machine.hash()
    for (const last of [operation, txn([], [operation])]) {
      expect(store.refusal(txn([], [put('b'), deleteRange('a'), last]))).toBe(reason)
      expect(store.lastBatch!.revisions).toEqual([])
      expect(store.machine.hash()).toEqual(before)
    }
  })

  it('checks nothing of the branch that is not taken (etcd §8.17)', () => {
    const store = new TestMachine()
    const broken = put('z', '', { lease: '404' })
    expect(store.refusal(txn([], [put('a')], [broken]))).toBeUndefined()
    expect(store.keys()).toEqual(['a'])
  })

  it('names a bad put before a bad range, and a missing key before a lease, as etcd does', () => {
    const store = new TestMachine()
    const badRange = range('a', '', { revision: 99 })
    const badPut = put('z', '', { lease: '404', ignoreValue: true })
    expect(store.refusal(txn([], [badRange, badPut]))).toBe('keyNotFound')
  })

  it('refuses to keep the value of a key that it deletes before (etcd §8.18)', () => {
    const store = new TestMachine()
    store.put('b', 'x')
    const before = store.machine.hash()
    const keep = put('b', '', { ignoreValue: true })
    expect(store.refusal(txn([], [deleteRange('a', '\0'), keep]))).toBe('keyNotFound')
    expect(store.machine.hash()).toEqual(before)
  })

  it('lets a put follow a delete of everything in one revision, as a new key (etcd §8.18)', () => {
    const store = new TestMachine()
    store.put('b', 'x')
    store.run<'txn'>(txn([], [deleteRange('a', '\0'), put('b', 'y')]))
    expect(store.get('b')).toMatchObject({ version: 1, createRevision: 3, modRevision: 3 })
    expect(store.contents(2)).toEqual(['b=x@2'])
    store.put('b', 'z')
    store.apply({ type: 'compact', revision: 4 })
    while (store.machine.removeCompacted(2));
    expect(store.contents()).toEqual(['b=z@4'])
  })

  it('treats the interval of a nested delete like any other', () => {
    const store = new TestMachine()
    for (const key of ['a', 'b', 'c']) store.put(key)
    const clear: Operation = { type: 'deleteRange', ...selector('a', 'c'), prevKv: false }
    const result = store.run<'txn'>(txn([], [txn([], [clear]), put('d', '')]))
    expect(result.responses[0]).toMatchObject({ type: 'txn', succeeded: true })
    expect(store.keys()).toEqual(['c', 'd'])
    expect(store.revision).toBe(5)
  })
})

function keysOf(response: unknown): string[] {
  return (response as RangeResult).kvs.map(({ key }) => text(key))
}
