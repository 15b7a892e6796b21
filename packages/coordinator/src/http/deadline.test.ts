/** `Grpc-Timeout`, as etcd's gateway reads it. */

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { timeoutOf } from './deadline.js'
import { base64, Lines, settle, startEdge, type Edge } from './edge.test-support.js'

describe('the header', () => {
  it.each([
    ['5S', 5_000],
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['100m', 100],
    ['1500u', 1.5],
    ['1000000n', 1],
    ['-1S', -1_000],
    ['0S', undefined],
    ['', undefined],
    ['99999999H', 2 ** 31 - 1],
  ])('%j is %s ms', (text, expected) => {
    expect(timeoutOf(new Headers({ 'grpc-timeout': text }))).toBe(expected)
  })

  it.each([
    ['5', 'timeout string is too short: "5"'],
    ['5s', 'timeout unit is not recognized: "5s"'],
    ['xS', 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['9223372036854775808n', 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
    ['1.5S', 'strconv.ParseInt: parsing "1.5": invalid syntax'],
  ])('%j is refused', (text, problem) => {
    const read = (): unknown => timeoutOf(new Headers({ 'grpc-timeout': text }))
    expect(read).toThrow(`invalid grpc-timeout: ${problem}`)
  })
})

describe('a request that takes longer', () => {
  let leaderless: Edge
  let edge: Edge
  beforeAll(async () => {
    ;[leaderless, edge] = await Promise.all([startEdge({ absentVoters: ['5', '6'] }), startEdge()])
  })
  afterAll(async () => {
    await Promise.all([leaderless.close(), edge.close()])
  })
  afterEach(() => expect([...edge.defects, ...leaderless.defects]).toEqual([]))
  const SHORT = { 'grpc-timeout': '50m' }
  const LATE = { status: 504, body: { code: 4, message: 'context deadline exceeded' } }

  it.each([
    ['/v3/kv/put', { key: base64('a') }],
    ['/v3/kv/range', { key: base64('a') }],
  ])('is answered when its time is over: %s', async (path, body) => {
    expect(await leaderless.post(path, body, SHORT)).toMatchObject(LATE)
  })

  it.each(['/v3/kv/range', '/v3/kv/put'])(
    'is not begun when there is none left: %s',
    async (path) => {
      const { revision } = edge.node.state
      expect(await edge.post(path, { key: base64('a') }, { 'grpc-timeout': '-1S' })).toMatchObject(
        LATE,
      )
      // What was in the log before it would have been applied by then.
      await edge.post('/v3/kv/put', { key: base64('b') })
      expect(edge.node.state.revision).toBe(revision + 1)
    },
  )

  it('nor is a stream: no lease is renewed', async () => {
    const renew = vi.spyOn(edge.node.leases, 'renew')
    const none = { 'grpc-timeout': '-1S' }
    expect(await edge.post('/v3/lease/keepalive', { ID: '7' }, none)).toMatchObject(LATE)
    await settle()
    expect(renew).not.toHaveBeenCalled()
  })

  it('is a line that ends a stream', async () => {
    const body = JSON.stringify({ create_request: { key: base64('a') } })
    const lines = new Lines(await edge.open('/v3/watch', body, SHORT))
    expect(await lines.rest()).toMatchObject([
      { result: { created: true } },
      { error: { code: 4, message: 'context deadline exceeded' } },
    ])
    await vi.waitUntil(() => edge.hub.watcherCount === 0)
  })

  it('is refused when it says nonsense', async () => {
    expect(
      await edge.post('/v3/kv/range', { key: base64('a') }, { 'grpc-timeout': 'x' }),
    ).toMatchObject({
      status: 400,
      body: { code: 3 },
    })
  })
})
