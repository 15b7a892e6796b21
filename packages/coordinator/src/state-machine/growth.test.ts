/** What a command adds to the store, as a quota counts it (etcd §8.40; etcd: backendQuota.Cost). */

import { describe, expect, it } from 'vitest'
import { bytesOf, grows } from './growth.js'
import { deleteRange, kv, put, range } from './state-machine.test-support.js'

describe('the store grows', () => {
  const txn = (...success: ReturnType<typeof put>[]) =>
    kv({ type: 'txn', compare: [], success: [], failure: success })

  it.each([
    ['a put', kv(put('a'))],
    ['a put in a branch of a transaction', txn(put('a'))],
    ['a lease', { type: 'leaseGrant', id: '1', ttlSeconds: 5 } as const],
  ])('by %s', (_what, command) => {
    expect(grows(command)).toBe(true)
  })

  it.each([
    ['a delete', kv(deleteRange('a'))],
    ['a read', kv(range('a'))],
    ['a compaction', { type: 'compact', revision: 5 } as const],
    ['the end of a lease', { type: 'leaseRevoke', id: '1' } as const],
  ])('not by %s', (_what, command) => {
    expect(grows(command)).toBe(false)
  })
})

describe('it grows by', () => {
  const both = (success: ReturnType<typeof put>[], failure: ReturnType<typeof put>[]) =>
    kv({ type: 'txn', compare: [], success, failure })

  it('a key, its value, and a row', () => {
    expect(bytesOf(kv(put('key', 'value')))).toBe(256 + 3 + 5)
  })

  it('the larger branch of a transaction', () => {
    expect(bytesOf(both([put('a')], [put('a'), put('b')]))).toBe(
      bytesOf(both([], [put('a'), put('b')])),
    )
    expect(bytesOf(both([put('a'), put('b')], []))).toBe(2 * bytesOf(kv(put('a'))))
  })

  it('what a nested transaction puts', () => {
    const nested = { type: 'txn', compare: [], success: [put('a')], failure: [] } as const
    expect(bytesOf(kv({ ...nested, success: [nested] }))).toBe(bytesOf(kv(put('a'))))
  })
})
