/** Clients that would rather be told that there is no leader than wait for one (etcd: hasleader). */

import { afterEach, expect, it, vi } from 'vitest'
import { base64, startEdge, type Edge } from './edge.test-support.js'

let edge: Edge | undefined
afterEach(() => edge?.close())

const REQUEST = ['/v3/kv/put', { key: base64('a'), value: '' }] as const
const HEADERS = { 'Grpc-Metadata-hasleader': 'true' }

it('are told so when none has been there for a while, and only they', async () => {
  edge = await startEdge({ absentVoters: ['2'], electionTicks: 5 })
  const waiting = edge.post(...REQUEST)
  await vi.waitUntil(() => edge!.node.leaderPresence.isLost(performance.now()), 10_000)
  expect(await edge.post(...REQUEST, HEADERS)).toMatchObject({
    status: 503,
    body: { code: 14, message: 'etcdserver: no leader' },
  })
  expect(await edge.post('/v3/maintenance/status', {})).toMatchObject({ status: 200 })
  // Nobody told this one; it waits for as long as it may.
  expect(await Promise.race([waiting, Promise.resolve('waits')])).toBe('waits')
})

it('are served where there is a leader', async () => {
  edge = await startEdge()
  expect(await edge.post(...REQUEST, HEADERS)).toMatchObject({ status: 200 })
})
