/** Paths, methods, prefixes, and what is outside of the gateway, as etcd has it. */

import { pathPrefixes, routes } from '@holdfast/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { NodeError } from '../node/node-error.js'
import { base64, CLUSTER_ID, MEMBER_ID, startEdge, type Edge } from './edge.test-support.js'

let edge: Edge
let leaderless: Edge

beforeAll(async () => {
  edge = await startEdge()
  leaderless = await startEdge({ absentVoters: ['1', '2'] })
})
afterAll(async () => {
  expect(edge.defects).toEqual([])
  await edge.close()
  await leaderless.close()
})

const paths = Object.values(routes).flatMap(({ path, aliases }) =>
  [path, ...aliases].flatMap((one) => pathPrefixes.map((prefix) => prefix + one)),
)

/** What each says to `{}`; undefined where that is served. */
const emptyRequests: readonly (readonly [path: string, message: string | undefined])[] = [
  ['/kv/range', 'etcdserver: key is not provided'],
  ['/kv/put', 'etcdserver: key is not provided'],
  ['/kv/deleterange', 'etcdserver: key is not provided'],
  ['/kv/txn', undefined],
  // It has been compacted at 0 by the first of them.
  ['/kv/compaction', 'etcdserver: mvcc: required revision has been compacted'],
  ['/watch', 'a watch request must create, cancel or ask'],
  ['/lease/grant', undefined],
  ['/lease/revoke', 'etcdserver: requested lease not found'],
  ['/lease/timetolive', undefined],
  ['/lease/leases', undefined],
  ['/lease/keepalive', undefined],
  ['/cluster/member/list', undefined],
  ['/cluster/member/add', 'etcdserver: given member URLs are invalid'],
  ['/cluster/member/remove', 'etcdserver: member not found'],
  ['/cluster/member/update', 'etcdserver: given member URLs are invalid'],
  ['/cluster/member/promote', 'etcdserver: member not found'],
  ['/maintenance/transfer-leadership', 'etcdserver: bad leader transferee'],
  ['/maintenance/status', undefined],
  ['/maintenance/alarm', undefined],
  ['/maintenance/defragment', undefined],
  ['/maintenance/hash', undefined],
  ['/maintenance/hashkv', undefined],
  ['/maintenance/downgrade', 'etcdserver: wrong downgrade target version format'],
  ['/maintenance/snapshot', undefined],
  ['/lock/lock', undefined],
  ['/lock/unlock', 'etcdserver: key is not provided'],
  ['/election/campaign', undefined],
  ['/election/proclaim', '"leader" field must be provided'],
  ['/election/leader', 'election: no leader'],
  ['/election/observe', 'context deadline exceeded'],
  ['/election/resign', '"leader" field must be provided'],
]

/** Who observes an election that nobody has won waits for the first line. */
function patienceOf(path: string): Record<string, string> {
  return path === '/election/observe' ? { 'grpc-timeout': '20m' } : {}
}

/** So that no lock of one request is waited for by the next. */
async function revokeLeases(): Promise<void> {
  for (const { id } of edge.node.state.leases()) await edge.post('/v3/lease/revoke', { ID: id })
}

describe('every path of the wire', () => {
  it.each(emptyRequests)('%s takes a body that is empty, or null, as {}', async (path, message) => {
    const ask = async (body: string): Promise<{ status: number; line: string }> => {
      const response = await edge.open(`/v3${path}`, body, patienceOf(path))
      const [line = ''] = (await response.text()).split('\n')
      await revokeLeases()
      return { status: response.status, line }
    }
    await ask('{}')
    for (const body of ['{}', '', 'null', ' \n']) {
      const { status, line } = await ask(body)
      if (message === undefined) expect(status).toBe(200)
      else expect(JSON.parse(line)).toMatchObject({ message })
    }
  })

  it('is among these', () => {
    const known = emptyRequests.map(([path]) => path)
    expect(known.sort()).toEqual(
      Object.values(routes)
        .map(({ path }) => path)
        .sort(),
    )
  })

  it.each(paths)('%s has no other method', async (path) => {
    expect((await edge.app.request(path, { method: 'HEAD' })).status).toBe(501)
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const response = await edge.app.request(path, { method })
      expect(response.status).toBe(501)
      const message = 'Method Not Allowed'
      expect(await response.json()).toEqual({ error: message, code: 12, message })
    }
  })

  it('is the same under each prefix, and under its aliases', async () => {
    await edge.post('/v3/kv/put', { key: base64('k'), value: base64('v') })
    const [expected, ...others] = await Promise.all(
      pathPrefixes.map((prefix) => edge.post(`${prefix}/kv/range`, { key: base64('k') })),
    )
    expect(expected).toMatchObject({ status: 200, body: { count: '1' } })
    for (const other of others) expect(other).toEqual(expected)
    const lease = { ID: '4711' }
    const missing = await edge.post('/v3/lease/timetolive', lease)
    expect(missing).toMatchObject({ status: 200, body: { ID: '4711', TTL: '-1' } })
    expect(await edge.post('/v3beta/kv/lease/timetolive', lease)).toEqual(missing)
  })

  it('may have a query, which means nothing', async () => {
    const answer = await edge.post('/v3/kv/range?key=x', { key: base64('k') })
    expect(answer).toMatchObject({ status: 200, body: { count: '1' } })
  })
})

describe('what is not there', () => {
  it.each(['/', '/v3', '/v3/', '/v3/kv', '/v3/kv/put/', '/V3/kv/put', '/v4/kv/put', '//v3/kv/put'])(
    '%s is a 404 with a body of the wire',
    async (path) => {
      for (const method of ['GET', 'POST']) {
        const response = await edge.app.request(`http://edge${path}`, { method })
        expect(response.status).toBe(404)
        expect(await response.json()).toEqual({ error: 'Not Found', code: 5, message: 'Not Found' })
      }
    },
  )

  it.each([
    '/v3/%2e%2e/etc/passwd',
    '/v3/kv/%00',
    '/%',
    '/v3/%E0%A4%A',
    '/__proto__',
    '/constructor',
  ])('%s is one too (catalogue 90)', async (path) => {
    expect((await edge.app.request(`http://edge${path}`, { method: 'POST' })).status).toBe(404)
  })
})

describe('the content type', () => {
  it.each([
    'application/x-www-form-urlencoded',
    'text/plain',
    'multipart/form-data; boundary=x',
    'x',
  ])('of a request does not matter: %s', async (type) => {
    const answer = await edge.post('/v3/kv/range', { key: base64('k') }, { 'content-type': type })
    expect(answer.status).toBe(200)
  })

  it('of an answer is JSON', async () => {
    for (const body of ['{"key":"YQ=="}', '{"key":5}']) {
      const response = await edge.open('/v3/kv/range', body)
      expect(response.headers.get('content-type')).toBe('application/json')
    }
  })
})

it.each(['/v3/kv/put', '/v3/watch', '/health', '/nothing'])(
  'OPTIONS %s is answered as etcd answers it',
  async (path) => {
    const response = await edge.app.request(path, { method: 'OPTIONS' })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
    expect(Object.fromEntries(response.headers)).toEqual({
      'access-control-allow-headers': 'accept, content-type, authorization',
      'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE',
      'access-control-allow-origin': '*',
    })
  },
)

describe('GET /version', () => {
  it('names an etcd whose every part is an integer, and what is ours', async () => {
    const response = await edge.app.request('/version')
    expect(response.status).toBe(200)
    const version = (await response.json()) as Record<string, unknown>
    for (const name of ['etcdserver', 'etcdcluster', 'storage']) {
      expect(version[name]).toMatch(/^3\.\d+\.\d+$/)
    }
    expect(version['holdfast']).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as unknown,
      features: ['idempotency-key'],
      revision: edge.node.state.revision,
    })
  })

  it('needs no leader', async () => {
    expect((await leaderless.app.request('/version')).status).toBe(200)
  })
})

describe('GET /health', () => {
  it('is true of a member that can read', async () => {
    const response = await edge.app.request('/health')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ health: 'true', reason: '' })
  })

  it('is false without a leader', async () => {
    const response = await leaderless.app.request('/health')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ health: 'false', reason: 'RAFT NO LEADER' })
  })

  it('is true without one for who is content with local reads', async () => {
    const response = await leaderless.app.request('/health?serializable=true')
    expect(await response.json()).toEqual({ health: 'true', reason: '' })
    expect((await leaderless.app.request('/health?serializable=false')).status).toBe(503)
  })

  it.each([
    [new NodeError('timeout', 'not-applied'), 'RANGE ERROR:etcdserver: request timed out'],
    [new TypeError('secret'), 'RANGE ERROR:etcdserver: unhealthy cluster'],
  ])('is false when a read fails: %s', async (error, reason) => {
    vi.spyOn(edge.node, 'readBarrier').mockRejectedValueOnce(error)
    const response = await edge.app.request('/health')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({ health: 'false', reason })
  })
})

it('GET /metrics is what was measured, in its own content type', async () => {
  const response = await edge.app.request('/metrics')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4')
  expect(await response.text()).toBe('up 1\n')
})

it.each([
  ...['/version', '/metrics', '/openapi.json', '/health', '/livez', '/readyz'],
  ...['/livez/serializable_read', '/readyz/data_corruption', '/readyz/linearizable_read'],
])('%s has no method but GET, not even HEAD (405)', async (path) => {
  expect((await edge.app.request(path)).status).toBe(200)
  for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH']) {
    const response = await edge.app.request(path, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET')
  }
})

describe('a member', () => {
  it('lists its cluster, in a header without a revision, as etcd does', async () => {
    const header = {
      cluster_id: CLUSTER_ID,
      member_id: MEMBER_ID,
      raft_term: String(edge.node.status.term),
    }
    const members = [
      { ID: MEMBER_ID, name: 'one', peerURLs: ['http://p'], clientURLs: ['http://c'] },
    ]
    for (const linearizable of [false, true]) {
      const answer = await edge.post('/v3/cluster/member/list', { linearizable })
      expect(answer).toEqual({ status: 200, body: { header, members } })
    }
  })

  it('lists it without a leader, unless it is to be the newest list', async () => {
    const { status } = await leaderless.post('/v3/cluster/member/list', { linearizable: false })
    expect(status).toBe(200)
    const barrier = vi.spyOn(leaderless.node, 'readBarrier')
    barrier.mockRejectedValueOnce(new NodeError('noLeader', 'not-applied'))
    const refused = await leaderless.post('/v3/cluster/member/list', { linearizable: true })
    expect(refused.status).toBe(503)
  })

  it('tells its status', async () => {
    const { body } = await edge.post('/v3/maintenance/status')
    const { term, commitIndex } = edge.node.status
    expect(body).toEqual({
      header: expect.objectContaining({ revision: String(edge.node.state.revision) }) as unknown,
      version: '3.6.0',
      dbSize: String(edge.node.state.sizeBytes),
      dbSizeInUse: String(edge.node.state.sizeBytes),
      leader: MEMBER_ID,
      raftIndex: String(commitIndex),
      raftTerm: String(term),
      raftAppliedIndex: String(edge.node.state.appliedIndex),
      storageVersion: '3.6.0',
    })
  })

  it('says in its status that it has no leader', async () => {
    const { status, body } = await leaderless.post('/v3/maintenance/status')
    expect(status).toBe(200)
    expect(body).toMatchObject({ errors: ['etcdserver: no leader'] })
    expect(body).not.toHaveProperty('leader')
  })
})
