import { describe, expect, it } from 'vitest'
import { put, text, TestMachine } from './state-machine.test-support.js'

function storeWithLease(...keys: string[]): TestMachine {
  const store = new TestMachine()
  store.grant('7', 30)
  for (const key of keys) store.put(key, '', { lease: '7' })
  return store
}

function leaseKeys(store: TestMachine, id: string): string[] {
  return store.machine.leaseKeys(id).map(text)
}

describe('lease', () => {
  it('is granted without a revision and lists with its time (etcd §8.2, 25)', () => {
    const store = new TestMachine()
    const id = '9223372036854775807'
    const result = store.run<'leaseGrant'>({ type: 'leaseGrant', id, ttlSeconds: 30 })
    expect(result).toEqual({ type: 'leaseGrant', revision: 1, id, ttlSeconds: 30 })
    expect(store.machine.lease(id)).toEqual({ id, ttlSeconds: 30, grantedIndex: 1 })
    expect(store.machine.leases()).toEqual([{ id, ttlSeconds: 30, grantedIndex: 1 }])
    expect(store.lastBatch!.leaseChanges).toEqual([
      { type: 'granted', lease: { id, ttlSeconds: 30, grantedIndex: 1 } },
    ])
    expect(store.revision).toBe(1)
  })

  it('is refused when its id is taken, leaving the first as it was (etcd §8.25)', () => {
    const store = storeWithLease()
    expect(store.refusal({ type: 'leaseGrant', id: '7', ttlSeconds: 5 })).toBe('leaseExists')
    expect(store.machine.lease('7')!.ttlSeconds).toBe(30)
    expect(store.lastBatch!.leaseChanges).toEqual([])
  })

  it('holds the keys that were put with it, in byte order (etcd §8.14)', () => {
    const store = storeWithLease('b', '\xff', 'a')
    expect(leaseKeys(store, '7')).toEqual(['a', 'b', '\xff'])
  })

  it('loses a key to another lease that it is put with (etcd §8.14)', () => {
    const store = storeWithLease('a')
    store.grant('8')
    store.put('a', '', { lease: '8' })
    expect(leaseKeys(store, '7')).toEqual([])
    expect(leaseKeys(store, '8')).toEqual(['a'])
  })

  it('loses a key that is put without a lease (etcd §8.14)', () => {
    const store = storeWithLease('a')
    store.put('a', '')
    expect(leaseKeys(store, '7')).toEqual([])
    store.run<'leaseRevoke'>({ type: 'leaseRevoke', id: '7' })
    expect(store.keys()).toEqual(['a'])
  })

  it.each([
    ['revoked', { type: 'leaseRevoke', id: '7' }],
    ['expired', { type: 'leaseExpire', id: '7', term: 1, grantedIndex: 1 }],
  ] as const)('deletes its keys in byte order, in one revision, when %s (§8.26)', (_, command) => {
    const store = storeWithLease('b', '\xff', 'a')
    store.put('other')
    expect(store.run(command)).toMatchObject({ revision: 6 })
    expect(store.keys()).toEqual(['other'])
    const { revision, events } = store.lastBatch!.revisions[0]!
    expect(revision).toBe(6)
    expect(events.map(({ type, kv }) => `${type} ${text(kv.key)}`)).toEqual([
      'delete a',
      'delete b',
      'delete \xff',
    ])
    expect(store.machine.lease('7')).toBeUndefined()
    expect(store.lastBatch!.leaseChanges).toEqual([{ type: 'ended', id: '7' }])
  })

  it('uses no revision when it ends without keys (etcd §8.2)', () => {
    const store = storeWithLease()
    expect(store.run({ type: 'leaseRevoke', id: '7' })).toMatchObject({ revision: 1 })
    expect(store.lastBatch!.revisions).toEqual([])
  })

  it('cannot be revoked twice (etcd §8.29)', () => {
    const store = storeWithLease()
    store.run({ type: 'leaseRevoke', id: '7' })
    expect(store.refusal({ type: 'leaseRevoke', id: '7' })).toBe('leaseNotFound')
  })

  it('refuses puts once it has ended, and can be granted again (etcd §8.14)', () => {
    const store = storeWithLease()
    store.run({ type: 'leaseRevoke', id: '7' })
    expect(store.refusal(put('a', '', { lease: '7' }))).toBe('leaseNotFound')
    store.grant('7', 5)
    expect(store.machine.lease('7')!.ttlSeconds).toBe(5)
  })

  it('survives an expiry that a leader of another term saw (catalogue 72)', () => {
    const store = storeWithLease('a')
    const expire = { type: 'leaseExpire', id: '7', term: 1, grantedIndex: 1 } as const
    expect(store.run(expire, { term: 2 })).toMatchObject({ void: true, revision: 2 })
    expect(store.keys()).toEqual(['a'])
    expect(store.lastBatch!.leaseChanges).toEqual([])
    expect(store.run({ ...expire, term: 2 }, { term: 2 })).toMatchObject({ void: false })
  })

  it('survives an expiry that was meant for an earlier lease of its id', () => {
    const store = storeWithLease('a')
    const expire = { type: 'leaseExpire', id: '7', term: 1, grantedIndex: 1 } as const
    store.run({ type: 'leaseRevoke', id: '7' })
    store.grant('7')
    const { grantedIndex } = store.machine.lease('7')!
    expect(store.run(expire)).toMatchObject({ void: true })
    expect(store.machine.lease('7')).toBeDefined()
    expect(store.run({ ...expire, grantedIndex })).toMatchObject({ void: false })
    expect(store.machine.lease('7')).toBeUndefined()
  })

  it('makes an expiry void, not refused, when it is gone (catalogue 72)', () => {
    const store = new TestMachine()
    const expire = { type: 'leaseExpire', id: '7', term: 1, grantedIndex: 1 } as const
    expect(store.run(expire)).toEqual({ type: 'leaseExpire', revision: 1, void: true })
    expect(store.lastBatch!.leaseChanges).toEqual([])
  })
})
