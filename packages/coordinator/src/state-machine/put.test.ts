import { describe, expect, it } from 'vitest'
import { NOTHING, put, text, TestMachine } from './state-machine.test-support.js'

describe('put', () => {
  it('gives revision 2 to the first write of an empty store at revision 1 (etcd §8.1)', () => {
    const store = new TestMachine()
    expect(store.revision).toBe(1)
    expect(store.machine.compactRevision).toBe(-1)
    expect(store.put('a', '1')).toBe(2)
    expect(store.revision).toBe(2)
  })

  it('counts a put of the same value as a change, with one event (etcd §8.3)', () => {
    const store = new TestMachine()
    store.put('a', '1')
    store.put('a', '1')
    expect(store.get('a')).toMatchObject({ version: 2, createRevision: 2, modRevision: 3 })
    expect(store.lastBatch!.revisions).toHaveLength(1)
    expect(store.lastBatch!.revisions[0]).toMatchObject({
      revision: 3,
      events: [{ type: 'put', previous: { revision: 2, sub: 0 } }],
    })
  })

  it('creates a key at version 1, with both revisions its own and no previous one (§8.5)', () => {
    const store = new TestMachine()
    store.put('x')
    const revision = store.put('a', 'v')
    expect(store.get('a')).toMatchObject({
      version: 1,
      createRevision: revision,
      modRevision: revision,
    })
    expect(store.lastBatch!.revisions[0]!.events[0]!.previous).toBeUndefined()
  })

  it('starts again at version 1 with a new create revision after a delete (etcd §8.5)', () => {
    const store = new TestMachine()
    store.put('a', '1')
    store.put('a', '2')
    store.delete('a')
    const revision = store.put('a', '3')
    expect(store.get('a')).toMatchObject({ version: 1, createRevision: revision })
    expect(store.lastBatch!.revisions[0]!.events[0]!.previous).toBeUndefined()
  })

  it('keeps empty values and keys with any bytes', () => {
    const store = new TestMachine()
    for (const key of ['\0', '\0\0', '\xff', '\xff\0', 'é']) store.put(key, '')
    expect(store.keys()).toEqual(['\0', '\0\0', 'é', '\xff', '\xff\0'])
    expect(store.get('\xff')!.value).toEqual(NOTHING)
  })

  it('returns the previous version when asked, and nothing for a new key (etcd §8.15)', () => {
    const store = new TestMachine()
    expect(store.run<'put'>(put('a', '1', { prevKv: true })).prevKv).toBeUndefined()
    const { prevKv } = store.run<'put'>(put('a', '2', { prevKv: true }))
    expect(prevKv).toMatchObject({ version: 1, modRevision: 2, createRevision: 2, lease: '0' })
    expect(text(prevKv!.value)).toBe('1')
    expect(store.run<'put'>(put('a', '3')).prevKv).toBeUndefined()
  })

  it('keeps the value with ignoreValue, and still raises version and revision (etcd §8.13)', () => {
    const store = new TestMachine()
    store.grant('7')
    store.put('a', 'kept')
    store.put('a', '', { ignoreValue: true, lease: '7' })
    expect(store.contents()).toEqual(['a=kept@3'])
    expect(store.get('a')).toMatchObject({ version: 2, lease: '7' })
  })

  it('keeps the lease with ignoreLease (etcd §8.13)', () => {
    const store = new TestMachine()
    store.grant('7')
    store.put('a', '1', { lease: '7' })
    store.put('a', '2', { ignoreLease: true })
    expect(store.contents()).toEqual(['a=2@3'])
    expect(store.get('a')!.lease).toBe('7')
  })

  it.each([{ ignoreValue: true }, { ignoreLease: true }])(
    'refuses %o on a missing key, changing nothing (etcd §8.13)',
    (ignore) => {
      const store = new TestMachine()
      expect(store.refusal(put('a', '', ignore))).toBe('keyNotFound')
      expect(store.revision).toBe(1)
      expect(store.lastBatch!.revisions).toEqual([])
    },
  )

  it('refuses an unknown lease, writing nothing (etcd §8.14)', () => {
    const store = new TestMachine()
    expect(store.refusal(put('a', '1', { lease: '9' }))).toBe('leaseNotFound')
    expect(store.keys()).toEqual([])
    expect(store.revision).toBe(1)
  })

  it('names the missing lease first when the key is missing too, as etcd does', () => {
    const store = new TestMachine()
    expect(store.refusal(put('a', '', { lease: '9', ignoreValue: true }))).toBe('leaseNotFound')
  })
})
