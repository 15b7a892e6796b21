/** Every way to fail, and what the client reads of it. */

import {
  CompactedError,
  etcdErrors,
  HoldfastError,
  readTooLarge,
  requestIdExpired,
} from '@holdfast/protocol'
import type { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { NodeError, type NodeErrorReason } from '../node/node-error.js'
import { Refusal, type RefusalReason } from '../state-machine/outcome.js'
import { systemClock } from '../time/clock.js'
import { createApp } from './app.js'
import type { EdgeContext } from './edge-context.js'
import { EdgeError } from './edge-error.js'
import { errorResponse, wireErrorOf } from './error-response.js'
import { LargeReads } from './large-reads.js'

/** A member whose state machine fails in one way, whatever it is asked. */
function failingWith(error: Error): { app: Hono; defects: unknown[] } {
  const fail = (): never => {
    throw error
  }
  const node = {
    electionTimeoutMs: 1_000,
    status: { term: 1 },
    state: { revision: 1, range: fail },
    committedMembership: { voters: ['2'], learners: [] },
    propose: () => Promise.reject(error),
    readBarrier: () => Promise.resolve(),
    leases: { renew: () => Promise.reject(error) },
    leaderPresence: { isLost: fail },
  }
  const defects: unknown[] = []
  const context = {
    node,
    quota: { admit: () => Promise.resolve() },
    largeReads: new LargeReads(systemClock),
    clock: systemClock,
    clusterId: '1',
    memberId: '2',
  } as unknown as EdgeContext
  return { app: createApp({ context, onDefect: (defect) => defects.push(defect) }), defects }
}

interface Answered {
  readonly status: number
  readonly body: unknown
  readonly defects: readonly unknown[]
}

async function answerTo(error: Error, path: string, body: string): Promise<Answered> {
  const { app, defects } = failingWith(error)
  const response = await app.request(path, { method: 'POST', body })
  return { status: response.status, body: await response.json(), defects }
}

const PUT = ['/v3/kv/put', '{"key":"YQ=="}'] as const
const RANGE = ['/v3/kv/range', '{"key":"YQ=="}'] as const
const KEEPALIVE = ['/v3/lease/keepalive', '{"ID":"1"}'] as const

const refusals: Record<RefusalReason, readonly [number, number, string]> = {
  keyNotFound: [400, 3, 'etcdserver: key not found'],
  leaseNotFound: [404, 5, 'etcdserver: requested lease not found'],
  leaseExists: [400, 9, 'etcdserver: lease already exists'],
  leaseTtlTooLarge: [400, 11, 'etcdserver: too large lease TTL'],
  compacted: [400, 11, 'etcdserver: mvcc: required revision has been compacted'],
  futureRevision: [400, 11, 'etcdserver: mvcc: required revision is a future revision'],
  noSpace: [429, 8, 'etcdserver: mvcc: database space exceeded'],
  corrupt: [500, 15, 'etcdserver: corrupt cluster'],
  requestIdExpired: [400, 9, requestIdExpired.message],
  readTooLarge: [429, 8, readTooLarge.message],
}
const nodeErrors: Record<NodeErrorReason, readonly [number, number, string]> = {
  noLeader: [503, 14, 'etcdserver: no leader'],
  noSpace: [429, 8, 'etcdserver: mvcc: database space exceeded'],
  tooManyRequests: [429, 8, 'etcdserver: too many requests'],
  timeout: [503, 14, 'etcdserver: request timed out'],
  notTransferred: [503, 14, 'etcdserver: request timed out, leader transfer took too long'],
  stopped: [503, 14, 'etcdserver: server stopped'],
}
const failures: readonly (readonly [string, Error, readonly [number, number, string]])[] = [
  ...Object.entries(refusals).map(
    ([reason, answer]) =>
      [`the refusal ${reason}`, new Refusal(reason as RefusalReason), answer] as const,
  ),
  ...Object.entries(nodeErrors).map(
    ([reason, answer]) =>
      [
        `the node’s ${reason}`,
        new NodeError(reason as NodeErrorReason, 'unknown'),
        answer,
      ] as const,
  ),
  [
    'a mistake of the edge’s',
    new EdgeError(etcdErrors.emptyKey),
    [400, 3, 'etcdserver: key is not provided'],
  ],
  [
    'a message that does not fit',
    new HoldfastError('invalidArgument', 'PutRequest.key: …'),
    [400, 3, 'PutRequest.key: …'],
  ],
  ['a subclass of it', new CompactedError(5, 'gone'), [400, 11, 'gone']],
]

describe('a failure that has a meaning', () => {
  it.each(failures)('%s', async (_, error, [status, code, message]) => {
    for (const [path, body] of [PUT, RANGE, KEEPALIVE]) {
      // Both generations of clients find their field.
      const expected = { status, body: { error: message, code, message }, defects: [] }
      expect(await answerTo(error, path, body)).toEqual(expected)
    }
  })
})

describe('a defect', () => {
  const defect = new TypeError('secret: undefined is not a function')

  it.each([PUT, RANGE, KEEPALIVE, ['/v3/watch', '{"create_request":{}}'] as const])(
    'of %s is an internal error without details, and is reported',
    async (path, body) => {
      const headers = { 'grpc-metadata-hasleader': 'true' }
      const { app, defects } = failingWith(defect)
      const response = await app.request(path, { method: 'POST', body, headers })
      expect(response.status).toBe(500)
      const text = 'internal error'
      expect(await response.json()).toEqual({ error: text, code: 13, message: text })
      expect(defects).toEqual([defect])
    },
  )

  it('of a path that is no part of the wire is one too', async () => {
    // This member has no metrics.
    const { app, defects } = failingWith(defect)
    const response = await app.request('/metrics')
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ code: 13, message: 'internal error' })
    expect(defects).toHaveLength(1)
  })

  it.each([undefined, null, 'text', new Error('x')])('may be anything: %s', (error) => {
    expect(wireErrorOf(error)).toBeUndefined()
  })
})

it('is JSON, with the status of its code', async () => {
  const response = errorResponse({ code: 16, message: 'invalid auth token' })
  expect(response.status).toBe(401)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(await response.json()).toMatchObject({ code: 16 })
})

it('a code that gRPC does not know is an unknown error', () => {
  expect(errorResponse({ code: 99, message: '?' }).status).toBe(500)
})
