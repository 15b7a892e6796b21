import { expect, test } from 'vitest'
import { formatRequestId, parseRequestId } from './request-id.js'
import { findRoute, routes } from './routes.js'
import { VersionResponse } from './version.js'

test.each([
  ['/v3/kv/range', 'range'],
  ['/v3beta/kv/put', 'put'],
  ['/v3alpha/watch', 'watch'],
  ['/v3/kv/lease/revoke', 'leaseRevoke'],
  ['/v3/lease/revoke', 'leaseRevoke'],
  ['/v3/kv/lease/timetolive', 'leaseTimeToLive'],
  ['/v3/nothing', undefined],
  ['/kv/range', undefined],
  ['/v3/kv/range/', undefined],
] as const)('%s is %s', (path, name) => {
  expect(findRoute(path)).toBe(name)
})

test('the table knows which paths answer with a stream', () => {
  expect(routes.watch.stream).toBe('watch')
  expect(routes.leaseKeepAlive.stream).toBe('perRequest')
  expect(routes.txn.stream).toBe('none')
})

test('a request id is its revision and a unique part, which may itself hold dashes', () => {
  const id = { issuedAtRevision: 42, id: 'V1StGXR8_Z5-dHi6B-myT' }
  expect(formatRequestId(id)).toBe('42-V1StGXR8_Z5-dHi6B-myT')
  expect(parseRequestId(formatRequestId(id))).toEqual(id)
})

test.each([
  '',
  '42',
  '42-',
  '-V1StGXR8',
  'x-V1StGXR8',
  '042-V1StGXR8',
  '1.5-V1StGXR8',
  '1-a b c d e f',
  `1-${'x'.repeat(64)}`,
  '9999999999999999-V1StGXR8',
])('a request id is not %j', (header) => {
  expect(parseRequestId(header)).toBeUndefined()
})

test('the version is that of etcd, and of Holdfast if it is one', () => {
  const etcd = { etcdserver: '3.4.23', etcdcluster: '3.4.0' }
  expect(VersionResponse.decode(etcd).holdfast).toBeUndefined()
  const ours = {
    etcdserver: '3.6.14',
    etcdcluster: '3.6.0',
    storage: '3.6.0',
    holdfast: { version: '0.1.0', features: ['idempotency-key'], revision: 7 },
  }
  expect(VersionResponse.encode(VersionResponse.decode(ours))).toEqual(ours)
})
