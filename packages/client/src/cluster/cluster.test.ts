import { etcdErrors, MemberListRequest } from '@holdfast/protocol'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Holdfast } from '../client.js'
import { bench, type Bench } from '../fake/bench.test-support.js'
import { settle } from '../fake/manual-clock.test-support.js'

let fixture: Bench
let client: Holdfast
beforeEach(() => {
  fixture = bench()
  client = fixture.client()
})

const asked = (): string[] => fixture.etcd.sent.map(({ endpoint }) => endpoint)

test('the endpoints are those that were given, as origins', () => {
  const { cluster } = bench({ endpoints: ['a', 'http://b:80', 'https://c:2379'] }).client()
  expect(cluster.endpoints).toEqual(['http://a', 'http://b', 'https://c:2379'])
})

describe('members', () => {
  test('are all who belong to it, with ids of 64 bits', async () => {
    const members = await client.cluster.members()
    expect(members.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(members[0]).toEqual({
      id: '18446744073709551613',
      name: 'a',
      peerUrls: ['http://a:2380'],
      clientUrls: ['http://a'],
      isLearner: false,
    })
  })

  test('are agreed upon by a majority, unless one member’s own view will do', async () => {
    const requests: unknown[] = []
    const { etcd } = fixture
    const request = etcd.request.bind(etcd)
    etcd.request = (one) => {
      const { linearizable } = MemberListRequest.decode(JSON.parse(one.body!))
      requests.push([linearizable, one.headers['grpc-metadata-hasleader']])
      return request(one)
    }
    await client.cluster.members()
    await client.cluster.members({ serializable: true })
    expect(requests).toEqual([
      [true, 'true'],
      [false, undefined],
    ])
  })

  test('are asked of the next one when one fails', async () => {
    fixture.etcd.fault = ({ endpoint }) => (endpoint === 'http://a' ? 'lost-response' : undefined)
    const members = client.cluster.members()
    await fixture.clock.advance(100)
    expect(await members).toHaveLength(3)
    expect(asked()).toEqual(['http://a', 'http://b'])
  })
})

describe('status', () => {
  test('says who a member is, whom it follows and how far it is', async () => {
    expect(await client.cluster.status('http://b')).toEqual({
      endpoint: 'http://b',
      memberId: '18446744073709551614',
      clusterId: '7',
      version: '3.6.0',
      isLearner: false,
      isLeader: false,
      leaderId: '18446744073709551613',
      raftTerm: 2,
      raftIndex: 9,
      raftAppliedIndex: 8,
      revision: 1,
      dbSizeBytes: 4096,
      dbSizeInUseBytes: 1024,
      errors: [],
    })
    expect(await client.cluster.status('a')).toMatchObject({ isLeader: true })
  })

  test.each([['lost-response'], [etcdErrors.noLeader], ['refused']] as const)(
    'of one endpoint asks that one, once, also after %j',
    async (fault) => {
      fixture.etcd.fault = () => fault
      await expect(client.cluster.status('http://c')).rejects.toMatchObject({ retryable: true })
      await fixture.clock.advance(60_000)
      expect(asked()).toEqual(['http://c'])
    },
  )

  test('of one endpoint may take all the time that there is, and no more', async () => {
    fixture.etcd.fault = () => 'hang'
    const status = client.cluster.status('http://c', { timeoutMs: 9_000 })
    const late = expect(status).rejects.toMatchObject({ code: 'timeout' })
    await fixture.clock.advance(8_999)
    expect(asked()).toEqual(['http://c'])
    await fixture.clock.advance(1)
    await late
  })

  test('of any endpoint is that of the first that answers, and says which', async () => {
    fixture.etcd.fault = ({ endpoint }) => (endpoint === 'http://a' ? 'refused' : undefined)
    const status = client.cluster.status()
    await fixture.clock.advance(100)
    expect(await status).toMatchObject({ endpoint: 'http://b', leaderId: '18446744073709551613' })
  })

  test('is answered by a member without a leader too', async () => {
    await client.cluster.status()
    expect(fixture.etcd.sent[0]?.headers).not.toHaveProperty('grpc-metadata-hasleader')
  })

  test('refuses what is no endpoint, and ends with its signal', async () => {
    await expect(client.cluster.status('ftp://a')).rejects.toMatchObject({
      code: 'invalidArgument',
    })
    fixture.etcd.fault = () => 'hang'
    const controller = new AbortController()
    const status = client.cluster.status(undefined, { signal: controller.signal })
    const aborted = expect(status).rejects.toMatchObject({ code: 'aborted' })
    await settle()
    controller.abort()
    await aborted
  })
})
