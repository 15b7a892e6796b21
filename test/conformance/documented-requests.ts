/**
 * The requests of etcd's own documentation of its JSON gateway (dev-guide/api_grpc_gateway), and the
 * mistakes that the wire's contract names, in one sequence: each step may build on those before it.
 */

import type { WireRequest } from './wire-request.js'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const json = (path: string, body: unknown): WireRequest => ({ path, body: JSON.stringify(body) })

const FOO = base64('foo')
const BAR = base64('bar')
const LEASE = '7587862072907233033'

const documented: readonly (readonly [string, WireRequest])[] = [
  ['put foo', json('/v3/kv/put', { key: FOO, value: BAR })],
  ['range foo', json('/v3/kv/range', { key: FOO })],
  ['range of a prefix', json('/v3/kv/range', { key: FOO, range_end: base64('fop') })],
  ['range of a missing key', json('/v3/kv/range', { key: base64('nothing') })],
  [
    'watch foo from the past',
    { ...json('/v3/watch', { create_request: { key: FOO, start_revision: '2' } }), lines: 2 },
  ],
  [
    'two watches in one body',
    {
      path: '/v3/watch',
      body: `{"create_request":{"key":"${FOO}"}}{"create_request":{"key":"${BAR}"}}`,
      lines: 2,
    },
  ],
  [
    'txn that compares the create revision',
    json('/v3/kv/txn', {
      compare: [{ target: 'CREATE', key: FOO, createRevision: '2' }],
      success: [{ requestPut: { key: FOO, value: base64('baz') } }],
    }),
  ],
  [
    'txn that compares the version',
    json('/v3/kv/txn', {
      compare: [{ version: '4', result: 'EQUAL', target: 'VERSION', key: FOO }],
      success: [{ requestRange: { key: FOO } }],
      failure: [{ requestRange: { key: FOO } }],
    }),
  ],
  ['lease grant', json('/v3/lease/grant', { TTL: '600', ID: LEASE })],
  ['lease grant of a taken id', json('/v3/lease/grant', { TTL: '600', ID: LEASE })],
  ['put with lease', json('/v3/kv/put', { key: base64('leased'), value: BAR, lease: LEASE })],
  [
    'put with lease as a bare number',
    { path: '/v3/kv/put', body: `{"key":"${base64('bare')}","lease":${LEASE}}` },
  ],
  ['keepalive', { ...json('/v3/lease/keepalive', { ID: LEASE }), lines: 1 }],
  ['keepalive of a missing lease', { ...json('/v3/lease/keepalive', { ID: '5' }), lines: 1 }],
  ['time to live of a missing lease', json('/v3/lease/timetolive', { ID: '5' })],
  ['leases', json('/v3/lease/leases', {})],
  ['leases by their alias', json('/v3/kv/lease/leases', {})],
  ['revoke', json('/v3/lease/revoke', { ID: LEASE })],
  ['revoke of a missing lease', json('/v3/kv/lease/revoke', { ID: LEASE })],
  ['range after the revocation', json('/v3/kv/range', { key: base64('leased') })],
  ['deleterange', json('/v3/kv/deleterange', { key: FOO, prev_kv: true })],
  ['deleterange of nothing', json('/v3/kv/deleterange', { key: FOO })],
  ['compaction', json('/v3/kv/compaction', { revision: '3' })],
  ['compaction of the compacted', json('/v3/kv/compaction', { revision: '3' })],
  ['compaction of the future', json('/v3/kv/compaction', { revision: '3000' })],
  ['range at a compacted revision', json('/v3/kv/range', { key: FOO, revision: '2' })],
  ['range at a future revision', json('/v3/kv/range', { key: FOO, revision: '3000' })],
  [
    'watch below the compacted revision',
    { ...json('/v3/watch', { create_request: { key: FOO, start_revision: '1' } }), lines: 2 },
  ],
  [
    'watch of an empty interval',
    {
      ...json('/v3/watch', { create_request: { key: base64('b'), range_end: base64('a') } }),
      lines: 1,
    },
  ],
  ['the v3beta prefix', json('/v3beta/kv/range', { key: FOO })],
]

const many = Array.from({ length: 129 }, (_, index) => ({
  requestPut: { key: base64(`k${index}`) },
}))

const mistakes: readonly (readonly [string, WireRequest])[] = [
  ['a put without a key', json('/v3/kv/put', { value: BAR })],
  ['a range without a key', json('/v3/kv/range', {})],
  ['a deleterange without a key', json('/v3/kv/deleterange', { range_end: BAR })],
  ['a put with an unknown lease', json('/v3/kv/put', { key: FOO, lease: '77' })],
  ['ignore_value of a missing key', json('/v3/kv/put', { key: base64('no'), ignore_value: true })],
  ['ignore_value with a value', json('/v3/kv/put', { key: FOO, value: BAR, ignore_value: true })],
  ['ignore_lease with a lease', json('/v3/kv/put', { key: FOO, lease: '7', ignore_lease: true })],
  ['a compare without a key', json('/v3/kv/txn', { compare: [{ version: '0' }] })],
  ['an operation that is none', json('/v3/kv/txn', { success: [{}] })],
  ['a txn of too many operations', json('/v3/kv/txn', { success: many })],
  [
    'a key put twice',
    json('/v3/kv/txn', {
      success: [{ requestPut: { key: FOO } }, { requestPut: { key: FOO, value: BAR } }],
    }),
  ],
  [
    'a key put and deleted',
    json('/v3/kv/txn', {
      success: [
        { requestPut: { key: FOO } },
        { requestDeleteRange: { key: base64('a'), range_end: base64('z') } },
      ],
    }),
  ],
  ['a lease of too many seconds', json('/v3/lease/grant', { TTL: '9000000001' })],
  ['nothing was changed by any of them', json('/v3/kv/range', { key: 'AA==', range_end: 'AA==' })],
  [
    'a body over 1.5 MiB that has no key',
    json('/v3/kv/put', { value: Buffer.alloc(1_600_000).toString('base64') }),
  ],
  [
    'a body over 1.5 MiB',
    json('/v3/kv/put', { key: FOO, value: Buffer.alloc(1_600_000).toString('base64') }),
  ],
]

/** More of these are made up by `bad-requests.ts`, for the paths that are no streams. */
const unreadable: readonly (readonly [string, WireRequest])[] = [
  ['malformed JSON', { path: '/v3/kv/put', body: '{"key":' }],
  ['bad base64', { path: '/v3/kv/put', body: '{"key":"?"}' }],
  ['a number for a key', { path: '/v3/kv/put', body: '{"key":5}' }],
  ['a text for a flag', { path: '/v3/kv/put', body: `{"key":"${FOO}","prev_kv":"yes"}` }],
  ['an unknown sort order', { path: '/v3/kv/range', body: `{"key":"${FOO}","sort_order":"UP"}` }],
  ['a fraction for a revision', { path: '/v3/kv/range', body: `{"key":"${FOO}","revision":1.5}` }],
  ['an array', { path: '/v3/kv/range', body: '[]' }],
  ['a keepalive that is cut off', { path: '/v3/lease/keepalive', body: '{"ID":' }],
  ['a keepalive of a text', { path: '/v3/lease/keepalive', body: '{"ID":"x"}' }],
  ['a watch that is no JSON', { path: '/v3/watch', body: 'nonsense' }],
  ['a watch of a number', { path: '/v3/watch', body: '{"create_request":5}' }],
  [
    'a watch with an unknown filter',
    { path: '/v3/watch', body: '{"create_request":{"filters":["X"]}}' },
  ],
]

export const comparedRequests = [...documented, ...mistakes, ...unreadable]
