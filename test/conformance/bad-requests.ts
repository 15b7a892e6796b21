/**
 * Requests of every path that are bad or half bad: valid ones with their text cut, changed or filled up, with values
 * of another kind, odd numbers, broken base64, and fields given twice. A seed decides everything.
 *
 * Some of them are valid after all, which is as well: they must have the same effect.
 */

import { LOCK_LEASES } from './lock-leases.js'
import { fieldNames } from './field-names.js'
import { isAnswered } from './unanswered-requests.js'
import type { WireRequest } from './wire-request.js'

type Random = () => number
type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json }

const base64 = (text: string): string => Buffer.from(text).toString('base64')

export const KEPT_LEASE = '7000000000000007'
/** Held by one lease only, so that nobody has to wait. */
const LOCK = base64('bad/lock')
const SEAT = base64('bad/seat')
const LOCKS_LEASE = LOCK_LEASES[0]!

const A = base64('a')
const B = base64('b')

const valid: readonly (readonly [string, Json])[] = [
  [
    '/v3/kv/range',
    {
      key: A,
      range_end: base64('c'),
      limit: '5',
      revision: 0,
      sort_order: 'DESCEND',
      sort_target: 'MOD',
      serializable: true,
      keys_only: false,
      count_only: false,
      min_mod_revision: '1',
      max_create_revision: 900,
    },
  ],
  ['/v3/kv/range', { key: B, rangeEnd: 'AA==', sortTarget: 1, keysOnly: true }],
  ['/v3/kv/put', { key: A, value: base64('some value'), lease: KEPT_LEASE, prev_kv: true }],
  ['/v3/kv/put', { key: B, value: base64('ü'), ignore_lease: true, ignoreValue: false }],
  ['/v3/kv/deleterange', { key: base64('y'), range_end: base64('z'), prev_kv: true }],
  [
    '/v3/kv/txn',
    {
      compare: [
        { key: A, target: 'LEASE', result: 'NOT_EQUAL', lease: '0', range_end: B },
        { key: B, target: 'VALUE', value: base64('ü') },
      ],
      success: [
        { request_put: { key: base64('c'), value: base64('1') } },
        { request_txn: { success: [{ request_range: { key: A, limit: '1' } }], failure: [] } },
      ],
      failure: [{ request_delete_range: { key: base64('c'), prev_kv: true } }],
    },
  ],
  ['/v3/kv/txn', { compare: [{ key: A, version: '1' }], failure: [{ requestRange: { key: A } }] }],
  ['/v3/kv/compaction', { revision: '2', physical: true }],
  ['/v3/lease/grant', { TTL: '600', ID: '0' }],
  ['/v3/lease/revoke', { ID: '8' }],
  ['/v3/lease/timetolive', { ID: KEPT_LEASE, keys: true }],
]

const leader = { name: SEAT, key: base64('bad/seat/7d1'), rev: '2', lease: LOCKS_LEASE }

/** What none of them can change: members, alarms, who leads. */
const validElsewhere: readonly (readonly [string, Json])[] = [
  ['/v3/lease/keepalive', { ID: KEPT_LEASE }],
  ['/v3/lease/leases', { ID: '1' }],
  ['/v3/watch', { create_request: { key: A, start_revision: '1', filters: ['NOPUT'] } }],
  ['/v3/watch', { create_request: { prev_kv: true, fragment: true, watch_id: '4' } }],
  ['/v3/lock/lock', { name: LOCK, lease: LOCKS_LEASE }],
  ['/v3/lock/unlock', { key: base64('bad/lock/7d1') }],
  ['/v3/election/campaign', { name: SEAT, lease: LOCKS_LEASE, value: A }],
  ['/v3/election/proclaim', { leader, value: B }],
  ['/v3/election/resign', { leader }],
  ['/v3/election/leader', { name: SEAT }],
  ['/v3/election/observe', { name: SEAT }],
  ['/v3/cluster/member/list', { linearizable: true }],
  ['/v3/cluster/member/add', { peerURLs: ['x', 'ftp://a:1'], isLearner: true }],
  ['/v3/cluster/member/remove', { ID: '5' }],
  ['/v3/cluster/member/update', { ID: '5', peerURLs: ['y'] }],
  ['/v3/cluster/member/promote', { ID: '5' }],
  ['/v3/maintenance/alarm', { action: 'GET', memberID: '77', alarm: 'NOSPACE' }],
  ['/v3/maintenance/alarm', { action: 'DEACTIVATE', memberID: '77', alarm: 'CORRUPT' }],
  ['/v3/maintenance/status', { a: 1 }],
  ['/v3/maintenance/hash', {}],
  ['/v3/maintenance/defragment', { b: [] }],
  ['/v3/maintenance/snapshot', { c: {} }],
  ['/v3/maintenance/transfer-leadership', { targetID: '5' }],
]

/** As they stand in the text. */
const oddValues = [
  ...[
    'null',
    'true',
    'false',
    '{}',
    '[]',
    '""',
    '"x"',
    '"true"',
    '"null"',
    '[[]]',
    '[{}]',
    '["x"]',
  ],
  ...['0', '-0', '1.0', '1e2', '-1', '1.5', '5E-1', '1e400', '255', '256', '2147483648'],
  ...['9007199254740993', '9223372036854775807', '9223372036854775808', '18446744073709551616'],
  ...['01', '-', '+1', '.5', '1.', '0x1', 'NaN', 'Infinity', 'nul', 'TRUE', "'x'", '9'.repeat(40)],
  ...['"1.0"', '"1e2"', '"-0"', '" 1 "', '"01"', '"-"', '"1 2"', '"[1]"', '"9223372036854775808"'],
  ...[
    '[97]',
    '[97,98.0]',
    '[256]',
    '[-1]',
    '["YQ=="]',
    '[null]',
    '[true,300]',
    '{"a":[1,{"b":2}]}',
  ],
  ...['"YQ=="', '"YWI="', '"YWJj"', '"YQ"', '"YWI"', '"-_-_"', '"_-8="', '"Y"', '"YQ="', '"YQ=x"'],
  ...[
    '"YQ==YQ=="',
    '"YQ=\\n="',
    '"Y\\r\\nQ=="',
    '"Y Q="',
    '"é"',
    '"YWJj€"',
    '"=" ',
    '"YWJjYWJj!aaa"',
  ],
  ...['"\\u0059Q=="', '"\\x"', '"\\u12"', '"\\ud800"', '"\n"', '"\u0000"', '"ASCEND"', '"Ascend"'],
  ...[
    '"KEY"',
    '"é\\"\u007f"',
    '"NOT_EQUAL"',
    '"VERSION"',
    '"\u2028😀"',
    '" "',
    '\u00a0',
    '\uFEFF{}',
  ],
]

const snippets = [
  ...['{', '}', '[', ']', '"', ':', ',', '\\', '/', '-', '+', '.', 'e', '0', '9', 'x', '=', ' '],
  ...[
    "'",
    '\n',
    '\t',
    '\u0000',
    '\u001f',
    '\u007f',
    'é',
    '€',
    '😀',
    '\uFEFF',
    '\u0085',
    'null',
    '\\u00e9',
  ],
]

const names = [...fieldNames, 'unknown', 'Key', '__proto__', 'é']

export function badRequests(random: Random, count: number): readonly WireRequest[] {
  return Array.from({ length: count }, () => badRequest(random))
}

function badRequest(random: Random): WireRequest {
  const [path, json] = pick(random, random() < 0.6 ? valid : validElsewhere)
  const change = pick(random, [withOddValue, withOddValue, withOddValue, withMember, withCut])
  const body = change(random, json)
  const request = { path, body: random() < 0.1 ? cut(random, body) : body }
  return isAnswered(request) ? request : badRequest(random)
}

function withOddValue(random: Random, json: Json): string {
  const at = Math.floor(random() * count(json))
  const odd = pick(random, oddValues)
  let seen = 0
  return write(json, (text) => (seen++ === at ? odd : text()))
}

/** A further member in one of the objects: often one that is there already, or in its other spelling. */
function withMember(random: Random, json: Json): string {
  const text = JSON.stringify(json)
  const openings = [...text.matchAll(/\{/g)].map(({ index }) => index + 1)
  const endings = [...text.matchAll(/\}/g)].map(({ index }) => index)
  const member = `${JSON.stringify(pick(random, names))}:${pick(random, oddValues)}`
  const isFirst = random() < 0.5
  const at = pick(random, isFirst ? openings : endings)
  return text.slice(0, at) + (isFirst ? `${member},` : `,${member}`) + text.slice(at)
}

function withCut(random: Random, json: Json): string {
  const text = cut(random, JSON.stringify(json))
  return random() < 0.2 ? cut(random, text) : text
}

/** Cuts off the end, or puts something in, or in the place of a few characters. */
function cut(random: Random, text: string): string {
  const at = Math.floor(random() * (text.length + 1))
  const start = text.slice(0, at)
  if (random() < 0.2) return start
  const inserted = random() < 0.6 ? pick(random, snippets) : ''
  return start + inserted + text.slice(at + Math.floor(random() * 3))
}

function write(json: Json, each: (text: () => string) => string): string {
  return each(() => {
    if (Array.isArray(json)) return `[${json.map((item: Json) => write(item, each)).join()}]`
    if (typeof json !== 'object') return JSON.stringify(json)
    const members = Object.entries(json as Readonly<Record<string, Json>>)
    return `{${members.map(([name, value]) => `"${name}":${write(value, each)}`).join()}}`
  })
}

/** Values, the inner ones included. */
function count(json: Json): number {
  let seen = 0
  write(json, (text) => {
    seen++
    return text()
  })
  return seen
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!
}
