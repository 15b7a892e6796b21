/** The rules of the table let through what they are for, and nothing next to it. */

import { describe, expect, it } from 'vitest'
import type { Answer, Asked } from './difference.js'
import { areEqual, etcdMayMiss, evened, whyOnlyOurs, whyTheyDiffer, whyTooEarly } from './judge.js'

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')
const answer = (status: number, body: Answer['body']): Answer => ({ status, body })
const refusal = (message: string, code = 3): Answer => answer(400, { code, message })
const asked = (path: string, body: unknown): Asked => ({ path, body: JSON.stringify(body) })
const RANGE = asked('/v3/kv/range', { key: base64('a') })

const areAlike = (request: Asked, etcd: Answer, ours: Answer): boolean => {
  const even = evened(request, { etcd, ours })
  return areEqual(even) || whyTheyDiffer(request, even) !== undefined
}

describe('status 412', () => {
  it.each([
    [412, 9, 400, true],
    [412, 3, 400, false],
    [400, 9, 412, false],
    [412, 9, 404, false],
  ])('of etcd, %i with code %i, against %i of ours: alike %s', (theirs, code, mine, isAlike) => {
    const body = { code, message: 'x' }
    expect(areAlike(RANGE, answer(theirs, body), answer(mine, body))).toBe(isAlike)
  })
})

describe('the revision of a lock', () => {
  const lock = asked('/v3/lock/lock', { name: base64('n'), lease: '5' })
  const at = (revision: number): Answer =>
    answer(200, { header: { revision: String(revision) }, key: 'a' })

  it.each([
    [undefined, 7, 7, true],
    [undefined, 7, 8, false],
    [{ from: 5, to: 9 }, 7, 8, true],
    [{ from: 5, to: 9 }, 7, 10, false],
    [{ from: 5, to: 9 }, 7, 5, false],
  ])('that waited %j: %i and %i are alike: %s', (waited, theirs, mine, isAlike) => {
    const request = waited === undefined ? lock : { ...lock, waited }
    expect(areAlike(request, at(theirs), at(mine))).toBe(isAlike)
  })
})

describe('only we are asked', () => {
  const put = (key: string) => ({ request_put: { key: base64(key) } })
  const remove = (key: string, end: string) => ({
    request_delete_range: { key: base64(key), range_end: base64(end) },
  })
  const noSpace = 'etcdserver: mvcc: database space exceeded'
  const duplicate = 'etcdserver: duplicate key given in txn request'

  it.each([
    ['a put under an open-ended delete', duplicate, [put('b'), remove('a', '\0')], true],
    ['a put under a delete that ends', duplicate, [put('b'), remove('a', '\0\0')], false],
    ['a nested put without space', noSpace, [{ request_txn: { success: [put('b')] } }], true],
    ['a put without space', noSpace, [put('a'), { request_txn: { success: [put('b')] } }], false],
  ])('%s', (_, message, success, isOnlyOurs) => {
    const why = whyOnlyOurs(asked('/v3/kv/txn', { success }), refusal(message))
    expect(why !== undefined).toBe(isOnlyOurs)
  })

  it('for an address that is none, of a member that is updated, not of a new one', () => {
    const ours = refusal('etcdserver: given member URLs are invalid')
    expect(whyOnlyOurs(asked('/v3/cluster/member/update', {}), ours)).toBeDefined()
    expect(whyOnlyOurs(asked('/v3/cluster/member/add', {}), ours)).toBeUndefined()
  })
})

describe('what is left of a lease', () => {
  const request = asked('/v3/lease/timetolive', { ID: '5' })
  it.each([
    ['599', '598', true],
    ['599', '500', false],
    ['599', '-1', false],
    ['-1', '-1', true],
  ])('%s and %s seconds are alike: %s', (theirs, mine, isAlike) => {
    const left = (TTL: string): Answer => answer(200, { TTL })
    expect(areAlike(request, left(theirs), left(mine))).toBe(isAlike)
  })
})

it('etcd may miss a delete at the compacted revision, and nothing else', () => {
  const event = { key: 'a', revision: 5 }
  expect(etcdMayMiss({ ...event, type: 'DELETE' }, { compacted: 5 })).toBe(true)
  expect(etcdMayMiss({ ...event, type: 'DELETE' }, { compacted: 4 })).toBe(false)
  expect(etcdMayMiss({ ...event, type: 'PUT' }, { compacted: 5 })).toBe(false)
})

it('a compaction waits until etcd’s watches have caught up, other requests do not', () => {
  expect(whyTooEarly('/v3/kv/compaction', { all: 3, slow: 1, expected: 3 })).toBeDefined()
  expect(whyTooEarly('/v3/kv/compaction', { all: 2, slow: 0, expected: 3 })).toBeDefined()
  expect(whyTooEarly('/v3/kv/compaction', { all: 3, slow: 0, expected: 3 })).toBeUndefined()
  expect(whyTooEarly('/v3/kv/put', { all: 2, slow: 1, expected: 3 })).toBeUndefined()
})
