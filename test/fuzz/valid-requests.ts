/** Valid requests of every path, in both spellings of their names: what all others are made from. */

import { routes, type RouteName } from '@holdfast/protocol'
import { byteText, type ByteText } from './input.js'

type Json = string | number | boolean | readonly Json[] | { readonly [name: string]: Json }

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** No other input comes upon it by a small change, so it is there for as long as the run takes. */
export const KEPT_LEASE = '7000000000000007'
/** Far beyond the end of any run: a lease that ends changes the state by itself. */
export const LONG_TTL = '9000000'

const A = base64('a')
/** No small change makes a URL of it that may be called, and a member that is added for good could. */
const NO_PEER = 'ftp://nobody.invalid/a/path/that/no/peer/has'
const leader = { name: base64('vote'), key: base64('vote/1'), rev: '3', lease: KEPT_LEASE }

const examples: Readonly<Record<RouteName, readonly Json[]>> = {
  range: [
    {
      ...{ key: A, range_end: base64('c'), limit: '5', revision: 0, sort_order: 'DESCEND' },
      ...{ sort_target: 'MOD', serializable: true, keys_only: false, count_only: false },
      ...{ min_mod_revision: '1', max_create_revision: 900 },
    },
    { key: A },
  ],
  put: [
    { key: A, value: base64('some value'), lease: KEPT_LEASE, prev_kv: true, ignore_lease: false },
    { key: base64('b'), value: base64('ü'), ignore_value: true },
  ],
  deleteRange: [{ key: base64('zz'), range_end: base64('zzz'), prev_kv: true }],
  txn: [
    {
      compare: [
        { key: A, target: 'LEASE', result: 'NOT_EQUAL', lease: '0', range_end: base64('b') },
        { key: base64('b'), target: 'VALUE', value: base64('ü') },
      ],
      success: [
        { request_put: { key: base64('c'), value: base64('1') } },
        { request_txn: { success: [{ request_range: { key: A, limit: '1' } }], failure: [] } },
      ],
      failure: [{ request_delete_range: { key: base64('c'), prev_kv: true } }],
    },
    {
      success: [
        { request_put: { key: A, value: base64('1') } },
        { request_put: { key: base64('none'), ignore_value: true } },
      ],
    },
  ],
  compaction: [{ revision: '-5', physical: true }],
  watch: [
    {
      create_request: {
        ...{ key: A, range_end: 'AA==', start_revision: '2', filters: ['NOPUT'] },
        ...{ watch_id: 3, progress_notify: true, prev_kv: true, fragment: true },
      },
    },
    { progress_request: {} },
    { cancel_request: { watch_id: '3' } },
  ],
  leaseGrant: [{ TTL: LONG_TTL, ID: '80' }, { TTL: LONG_TTL }],
  leaseRevoke: [{ ID: '80' }],
  leaseKeepAlive: [{ ID: KEPT_LEASE }],
  leaseTimeToLive: [{ ID: KEPT_LEASE, keys: true }],
  leaseLeases: [{}],
  memberList: [{ linearizable: true }],
  memberAdd: [{ peerURLs: [NO_PEER], isLearner: true }],
  memberRemove: [{ ID: '80' }],
  memberUpdate: [{ ID: '80', peerURLs: [NO_PEER] }],
  memberPromote: [{ ID: '80' }],
  moveLeader: [{ targetID: '80' }],
  status: [{}],
  alarm: [{ action: 'GET', memberID: '80', alarm: 'NOSPACE' }],
  defragment: [{}],
  hash: [{}],
  hashKv: [{ revision: '0' }],
  snapshot: [{}],
  downgrade: [{ action: 'VALIDATE', version: '3.5.0' }],
  lock: [{ name: base64('lock'), lease: KEPT_LEASE }, { name: base64('other') }],
  unlock: [{ key: base64('lock/1') }],
  campaign: [{ name: base64('vote'), lease: KEPT_LEASE, value: base64('v') }],
  proclaim: [{ leader, value: base64('w') }],
  leader: [{ name: base64('vote') }],
  observe: [{ name: base64('vote') }],
  resign: [{ leader }],
}

/** With the names of a field in lower camel case, as most clients write them. */
function inCamelCase(text: string): string {
  return text.replace(/"([a-z]+(?:_[a-z]+)+)":/g, (_, name: string) => {
    return `"${name.replace(/_([a-z])/g, (__, letter: string) => letter.toUpperCase())}":`
  })
}

export const routeNames = Object.keys(routes) as readonly RouteName[]

const bodies = new Map<RouteName, readonly ByteText[]>(
  routeNames.map((name) => {
    const texts = examples[name].map((example) => JSON.stringify(example))
    return [name, [...new Set([...texts, ...texts.map(inCamelCase)])].map(byteText)]
  }),
)

export function validBodies(name: RouteName): readonly ByteText[] {
  return bodies.get(name) ?? []
}
