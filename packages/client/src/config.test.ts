import { describe, expect, test } from 'vitest'
import { connect } from './client.js'
import { resolveConfig } from './config.js'

describe('the options of connect', () => {
  test.each([
    ['http://127.0.0.1:2379', ['http://127.0.0.1:2379']],
    ['127.0.0.1:2379', ['http://127.0.0.1:2379']],
    [
      ['http://a:1/', 'http://b:2', 'http://a:1'],
      ['http://a:1', 'http://b:2'],
    ],
    ['https://[::1]:2379', ['https://[::1]:2379']],
  ])('take %j as endpoints', (endpoints, resolved) => {
    expect(resolveConfig({ endpoints }).endpoints).toEqual(resolved)
  })

  test.each([
    [{ endpoints: [] }],
    [{ endpoints: 'ftp://a' }],
    [{ endpoints: 'http://a/path' }],
    [{ endpoints: 'http://a?x=1' }],
    [{ endpoints: 'http://' }],
    [{ endpoints: 'a:1', requestTimeoutMs: 0 }],
    [{ endpoints: 'a:1', attemptTimeoutMs: Number.NaN }],
    [{ endpoints: 'a:1', sessionTtlSeconds: 1.5 }],
    [{ endpoints: 'a:1', sessionTtlSeconds: 0 }],
  ])('refuse %j', (options) => {
    expect(() => connect(options)).toThrow(expect.objectContaining({ code: 'invalidArgument' }))
  })
})
