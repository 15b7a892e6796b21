import { describe, expect, it } from 'vitest'
import { deleteRange, text, TestMachine } from './state-machine.test-support.js'

function storeOf(...keys: string[]): TestMachine {
  const store = new TestMachine()
  for (const key of keys) store.put(key, `value of ${key}`)
  return store
}

describe('deleteRange', () => {
  it('deletes all keys of an interval in byte order, in one revision (etcd §8.2)', () => {
    const store = storeOf('b', 'a', '\xff', 'c')
    const result = store.run<'deleteRange'>(deleteRange('a', 'c'))
    expect(result).toMatchObject({ deleted: 2, revision: 6, prevKvs: [] })
    expect(store.keys()).toEqual(['c', '\xff'])
    const { revision, events } = store.lastBatch!.revisions[0]!
    expect(revision).toBe(6)
    expect(events.map(({ kv }) => text(kv.key))).toEqual(['a', 'b'])
  })

  it('says of a deleted key only its name and the revision (etcd §8.6)', () => {
    const store = storeOf('a')
    store.delete('a')
    expect(store.lastBatch!.revisions[0]!.events).toEqual([
      {
        type: 'delete',
        kv: {
          key: Buffer.from('a'),
          value: new Uint8Array(0),
          createRevision: 0,
          modRevision: 3,
          version: 0,
          lease: '0',
        },
        previous: { revision: 2, sub: 0 },
      },
    ])
  })

  it('uses no revision when there is nothing to delete (etcd §8.2, 4)', () => {
    const store = storeOf('a')
    expect(store.run<'deleteRange'>(deleteRange('b'))).toMatchObject({ deleted: 0, revision: 2 })
    expect(store.run<'deleteRange'>(deleteRange('b', 'z'))).toMatchObject({ deleted: 0 })
    expect(store.revision).toBe(2)
    expect(store.lastBatch!.revisions).toEqual([])
  })

  it('lists every removed key when asked (etcd §8.15)', () => {
    const store = storeOf('a', 'b')
    const { prevKvs } = store.run<'deleteRange'>(deleteRange('a', '\0', true))
    expect(prevKvs.map(({ value }) => text(value))).toEqual(['value of a', 'value of b'])
    expect(prevKvs[1]).toMatchObject({ createRevision: 3, modRevision: 3, version: 1 })
  })

  it.each([
    ['a zero byte as end means every key from the first on', 'b', '\0', ['a']],
    ['key and end of a zero byte mean all', '\0', '\0', []],
    ['an end below the key means none', 'c', 'a', ['a', 'b', 'c']],
    ['an end equal to the key means none', 'b', 'b', ['a', 'b', 'c']],
    ['the end is not included', 'a', 'c', ['c']],
  ])('%s (etcd §8.7)', (_, key, end, left) => {
    const store = storeOf('a', 'b', 'c')
    store.delete(key, end)
    expect(store.keys()).toEqual(left)
  })

  it('detaches a deleted key from its lease (etcd §8.14)', () => {
    const store = new TestMachine()
    store.grant('7')
    store.put('a', '', { lease: '7' })
    store.delete('a')
    expect(store.machine.leaseKeys('7')).toEqual([])
    store.put('a', '')
    expect(store.get('a')!.lease).toBe('0')
  })
})
