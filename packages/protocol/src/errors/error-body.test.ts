import { describe, expect, test } from 'vitest'
import { decodeError, decodeStreamError, encodeErrorBody, encodeStreamError } from './error-body.js'
import { etcdErrors, readTooLarge, requestIdExpired } from './etcd-errors.js'
import { grpcStatus, httpStatusOf } from './grpc-status.js'
import {
  CompactedError,
  grpcCodeOf,
  HoldfastError,
  type HoldfastErrorCode,
} from './holdfast-error.js'

describe('the bodies of errors', () => {
  const body = encodeErrorBody(etcdErrors.leaseNotFound)

  test('are a superset of what every generation of etcd writes', () => {
    const message = 'etcdserver: requested lease not found'
    expect(body).toEqual({ error: message, code: 5, message })
    expect(encodeStreamError(etcdErrors.noLeader)).toEqual({
      error: {
        grpc_code: 14,
        http_code: 503,
        http_status: 'Service Unavailable',
        code: 14,
        message: 'etcdserver: no leader',
      },
    })
  })

  test.each([
    ['≤ 3.3', { error: body.error, code: 5 }],
    ['3.4 and 3.5', body],
    ['≥ 3.6', { code: 5, message: body.message }],
    ['as text', JSON.stringify(body)],
  ])('are read in the form of %s', (_, json) => {
    expect(decodeError(404, json)).toMatchObject({
      code: 'leaseNotFound',
      grpcCode: 5,
      message: body.message,
      outcome: 'not-applied',
      retryable: false,
    })
  })

  test.each([
    ['≤ 3.5', { error: { grpc_code: 14, http_code: 503, message: 'x' } }],
    ['≥ 3.6', { error: { code: 14, message: 'x' } }],
  ])('of streams are read in the form of %s', (_, json) => {
    expect(decodeStreamError(json)).toMatchObject({ code: 'unavailable', message: 'x' })
  })

  test('of streams are told apart from results', () => {
    expect(decodeStreamError({ result: {} })).toBeUndefined()
    expect(decodeStreamError({ error: 'text' })).toBeUndefined()
    expect(decodeStreamError(null)).toBeUndefined()
  })

  test.each([
    [404, '404 page not found\n', 'unimplemented', 'not-applied'],
    [405, 'Method Not Allowed', 'unimplemented', 'not-applied'],
    [502, '<html>', 'unavailable', 'unknown'],
    [504, '', 'deadlineExceeded', 'unknown'],
    [418, '', 'unknown', 'unknown'],
  ] as const)('without JSON follow the status %i', (status, text, code, outcome) => {
    expect(decodeError(status, text)).toMatchObject({ code, outcome })
  })
})

describe('what may have taken effect', () => {
  test.each([
    ['noLeader', 'noQuorum', true, 'not-applied'],
    ['tooManyRequests', 'resourceExhausted', true, 'not-applied'],
    ['leaderChanged', 'noQuorum', true, 'unknown'],
    ['timeout', 'noQuorum', true, 'unknown'],
    ['timeoutDueToLeaderFail', 'noQuorum', true, 'unknown'],
    ['timeoutDueToConnectionLost', 'noQuorum', true, 'unknown'],
    ['timeoutLeaderTransfer', 'timeout', true, 'unknown'],
    ['timeoutWaitAppliedIndex', 'unavailable', true, 'unknown'],
    ['stopped', 'unavailable', true, 'unknown'],
    ['unhealthy', 'failedPrecondition', false, 'not-applied'],
    ['noSpace', 'resourceExhausted', false, 'not-applied'],
    ['emptyKey', 'invalidArgument', false, 'not-applied'],
    ['leaseExists', 'failedPrecondition', false, 'not-applied'],
    ['futureRevision', 'futureRevision', false, 'not-applied'],
    ['corrupt', 'dataLoss', false, 'unknown'],
  ] as const)('%s is %s', (name, code, retryable, outcome) => {
    const { code: wireCode, message } = etcdErrors[name]
    const error = decodeError(
      httpStatusOf(wireCode).http,
      encodeErrorBody({ code: wireCode, message }),
    )
    expect(error).toMatchObject({ code, retryable, outcome, message })
  })

  test('etcd sends `too many requests` with code 2 (by reading the 3.6 mapping)', () => {
    const error = decodeError(500, { code: 2, message: etcdErrors.tooManyRequests.message })
    expect(error).toMatchObject({ code: 'resourceExhausted', retryable: true })
  })

  test('a compacted revision has an error class of its own', () => {
    expect(decodeError(400, encodeErrorBody(etcdErrors.compacted))).toBeInstanceOf(CompactedError)
  })

  test('what is too much for one answer is not asked for again', () => {
    expect(decodeError(429, encodeErrorBody(readTooLarge))).toMatchObject({
      code: 'resourceExhausted',
      retryable: false,
      outcome: 'not-applied',
    })
  })

  test('an expired request id leaves the outcome unknown', () => {
    expect(decodeError(400, encodeErrorBody(requestIdExpired))).toMatchObject({
      code: 'requestIdExpired',
      retryable: false,
      outcome: 'unknown',
    })
  })
})

test('every etcd error comes back with the code it was sent with, or one that says more', () => {
  const others = new Map<string, number>([
    [etcdErrors.notSupportedForLearner.message, 14],
    [etcdErrors.unhealthy.message, 9],
    [etcdErrors.timeoutLeaderTransfer.message, 4],
  ])
  for (const { code, message } of Object.values(etcdErrors)) {
    expect(decodeError(httpStatusOf(code).http, encodeErrorBody({ code, message }))).toMatchObject({
      message,
      grpcCode: others.get(message) ?? code,
    })
  }
})

test('the table of statuses is that of etcd 3.6', () => {
  const table = Object.values(grpcStatus).map(({ code, http }) => [code, http])
  expect(Object.fromEntries(table)).toEqual({
    ...{ 1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429 },
    ...{ 9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401 },
  })
})

test('an error claims neither a retry nor an outcome unless told', () => {
  const error = new HoldfastError('internal', 'x', { cause: 5 })
  expect(error).toMatchObject({ retryable: false, outcome: 'unknown', cause: 5, grpcCode: 13 })
  const codes: HoldfastErrorCode[] = ['compacted', 'timeout', 'lockLost', 'unavailable', 'aborted']
  expect(codes.map(grpcCodeOf)).toEqual([11, 4, 10, 14, 1])
})
