/**
 * The JSON API of etcd v3 with nothing between: undici's pools of kept-alive connections, requests
 * spread over the members in turn. It shows what the wire itself costs, on our members and on etcd's.
 * A lock is what every client of etcd makes of it: one lease for the process, one transaction that
 * creates the key if nobody has one and reads the owner, one delete.
 */

import { Pool } from 'undici'
import { lockName, putKey, value } from '../workloads.js'
import type { Driver } from './driver.js'

// Longer than any run: a keepalive would only add noise.
const LEASE_TTL_SECONDS = 3_600

interface RangeAnswer {
  readonly kvs?: readonly { readonly create_revision: string }[]
}

interface TxnAnswer {
  readonly header: { readonly revision: string }
  readonly succeeded?: boolean
  readonly responses?: readonly { readonly response_range?: RangeAnswer }[]
}

type Post = (path: string, body: unknown) => Promise<unknown>

export async function openWire(endpoints: readonly string[]): Promise<Driver> {
  const pools = endpoints.map((endpoint) => new Pool(endpoint, { pipelining: 1 }))
  const post = postInTurn(pools)
  const { ID: lease } = (await post('/v3/lease/grant', { TTL: LEASE_TTL_SECONDS })) as {
    readonly ID: string
  }
  const encodedValue = base64(value)
  return {
    operations: {
      put: async (worker) => {
        await post('/v3/kv/put', { key: base64(putKey(worker)), value: encodedValue })
      },
      get: async (worker) => {
        const answer = (await post('/v3/kv/range', { key: base64(putKey(worker)) })) as RangeAnswer
        if (answer.kvs?.length !== 1) throw new Error('the key that was put is not there')
      },
      lock: (worker) => lockAndUnlock(post, lockName(worker), lease),
    },
    close: async () => {
      await post('/v3/lease/revoke', { ID: lease })
      await Promise.all(pools.map((pool) => pool.close()))
    },
  }
}

async function lockAndUnlock(post: Post, name: string, lease: string): Promise<void> {
  const key = base64(`${name}/${BigInt(lease).toString(16)}`)
  const answer = (await post('/v3/kv/txn', {
    compare: [{ key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
    success: [{ request_put: { key, lease } }, { request_range: ownerOf(name) }],
    failure: [{ request_range: { key } }, { request_range: ownerOf(name) }],
  })) as TxnAnswer
  const owner = answer.responses?.[1]?.response_range?.kvs?.[0]
  if (answer.succeeded !== true || owner?.create_revision !== answer.header.revision) {
    throw new Error('a lock that nobody else wants was not granted')
  }
  await post('/v3/kv/deleterange', { key })
}

/** The oldest key below `<name>/`: `/` and its successor `0` bound that prefix. */
function ownerOf(name: string): unknown {
  return {
    key: base64(`${name}/`),
    range_end: base64(`${name}0`),
    sort_order: 'ASCEND',
    sort_target: 'CREATE',
    limit: '1',
  }
}

function postInTurn(pools: readonly Pool[]): Post {
  const headers = { 'content-type': 'application/json' }
  let turn = 0
  return async (path, body) => {
    turn = (turn + 1) % pools.length
    const pool = pools[turn]!
    const answer = await pool.request({ path, method: 'POST', headers, body: JSON.stringify(body) })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${text}`)
    return JSON.parse(text) as unknown
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
