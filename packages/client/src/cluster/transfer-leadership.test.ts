/** Having another member lead (etcd: MoveLeader, which the leader alone answers). The first leads here. */

import { encodeErrorBody, etcdErrors, MoveLeaderRequest, parseFirstJson } from '@holdfast/protocol'
import { describe, expect, test } from 'vitest'
import { bench, ENDPOINTS, type Bench } from '../fake/bench.test-support.js'
import { connectionFailed } from '../transport/transport.js'
import type { Cluster } from './cluster.js'

const [A, B] = ['18446744073709551613', '18446744073709551614']

interface Transfers {
  readonly fixture: Bench
  readonly cluster: Cluster
  /** To whom, by which endpoint. */
  readonly targets: (readonly [string, string])[]
  /** Status requests, by endpoint. */
  readonly asked: () => readonly string[]
}

/** A cluster that does as it is told, unless `fails` says otherwise. */
function transfers(
  endpoints: readonly string[] = ENDPOINTS,
  fails?: typeof etcdErrors.badLeaderTransferee | 'lost-response',
): Transfers {
  const fixture = bench({ endpoints })
  const targets: [string, string][] = []
  const { etcd } = fixture
  const request = etcd.request.bind(etcd)
  etcd.request = (one) => {
    if (!one.path.endsWith('/maintenance/transfer-leadership')) return request(one)
    const { targetId } = MoveLeaderRequest.decode(parseFirstJson(one.body!))
    targets.push([targetId, one.endpoint])
    if (fails === 'lost-response') return Promise.reject(connectionFailed(new Error('reset'), true))
    if (fails === undefined) return Promise.resolve({ status: 200, body: '{}' })
    return Promise.resolve({ status: 400, body: JSON.stringify(encodeErrorBody(fails)) })
  }
  const asked = (): string[] =>
    etcd.sent.filter(({ name }) => name === 'status').map(({ endpoint }) => endpoint)
  return { fixture, cluster: fixture.client().cluster, targets, asked }
}

describe('the leadership', () => {
  test('is transferred by the leader, which is asked alone and once', async () => {
    const { cluster, targets } = transfers()
    await cluster.transferLeadership(B)
    expect(targets).toEqual([[B, 'http://a']])
  })

  test('is looked for everywhere at once: one that hangs holds nobody up', async () => {
    const { fixture, cluster, targets } = transfers(['http://c', 'http://b', 'http://a'])
    fixture.etcd.fault = ({ endpoint }) => (endpoint === 'http://c' ? 'hang' : undefined)
    const startedAt = fixture.clock.now().monotonicMs
    const transferred = cluster.transferLeadership(B)
    await fixture.clock.advance(100)
    expect(targets).toEqual([[B, 'http://a']])
    await transferred
    expect(fixture.clock.now().monotonicMs - startedAt).toBe(100)
  })

  test('is looked for among all endpoints, also behind one that does not answer', async () => {
    const { fixture, cluster, targets, asked } = transfers(['http://c', 'http://b', 'http://a'])
    fixture.etcd.fault = ({ endpoint }) => (endpoint === 'http://c' ? 'refused' : undefined)
    await cluster.transferLeadership(B)
    expect(targets).toEqual([[B, 'http://a']])
    expect(asked()).toEqual(['http://c', 'http://b', 'http://a'])
  })

  test('is looked for at members that the client was not given', async () => {
    const { cluster, targets, asked } = transfers(['http://b', 'http://c'])
    await cluster.transferLeadership(B)
    expect(targets).toEqual([[B, 'http://a']])
    expect(asked()).toEqual(['http://b', 'http://c', 'http://a'])
  })

  test('stays with who has it already, and nobody is told', async () => {
    const { cluster, targets } = transfers()
    await cluster.transferLeadership(A)
    expect(targets).toEqual([])
  })
})

describe('a transfer', () => {
  test('is not made when nobody who answers leads, and may be tried again', async () => {
    const { fixture, cluster, targets, asked } = transfers(['http://b', 'http://c'])
    fixture.etcd.fault = ({ endpoint }) => (endpoint === 'http://a' ? 'refused' : undefined)
    await expect(cluster.transferLeadership(A)).rejects.toMatchObject({
      ...{ code: 'unavailable', retryable: true, outcome: 'not-applied' },
    })
    expect(asked()).toEqual(['http://b', 'http://c', 'http://a'])
    expect(targets).toEqual([])
  })

  test('to who is no voter is refused with the reason', async () => {
    const { cluster } = transfers(ENDPOINTS, etcdErrors.badLeaderTransferee)
    await expect(cluster.transferLeadership('9')).rejects.toMatchObject({
      ...{ code: 'failedPrecondition', outcome: 'not-applied' },
    })
  })

  test('whose answer is lost is not repeated: another may lead by then', async () => {
    const { fixture, cluster, targets } = transfers(ENDPOINTS, 'lost-response')
    await expect(cluster.transferLeadership(B)).rejects.toMatchObject({ outcome: 'unknown' })
    await fixture.clock.advance(60_000)
    expect(targets).toHaveLength(1)
  })

  test('takes no longer than it may', async () => {
    const { fixture, cluster } = transfers(['http://a'])
    fixture.etcd.fault = () => 'hang'
    const late = expect(cluster.transferLeadership(B, { timeoutMs: 900 })).rejects.toThrow()
    await fixture.clock.advance(900)
    await late
  })
})
