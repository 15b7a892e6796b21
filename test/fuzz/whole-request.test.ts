/** What of an input stays of unknown outcome hangs on where its first request ends (RFC 9112 §6.3, §7.1). */

import { describe, expect, it } from 'vitest'
import { abandonedAnswer, answerOf, closedAnswer } from './answer.js'
import { bytesOf, type Input } from './input.js'
import { hasWholeRequest, hasWholeRequestAndMore } from './whole-request.js'

function inputOf(text: string): Input {
  const parts = { pieces: [bytesOf(text)], isPipelined: false, isStream: false }
  return { at: 0, kind: 'http', name: 'framing', path: '/v3/kv/put', ...parts }
}

const HEAD = 'POST /v3/kv/put HTTP/1.1\r\nHost: holdfast\r\n'
const ofLength = (length: number, body: string): string =>
  `${HEAD}Content-Length: ${length}\r\n\r\n${body}`
const inChunks = (body: string): string => `${HEAD}Transfer-Encoding: chunked\r\n\r\n${body}`
const SIXTEEN = 'x'.repeat(16)

describe('a request', () => {
  it.each([
    ['without a body', `${HEAD}\r\n`],
    ['of a length', ofLength(3, 'abc')],
    ['in chunks', inChunks('3\r\nabc\r\n0\r\n\r\n')],
    ['in chunks whose sizes end with a zero', inChunks(`10\r\n${SIXTEEN}\r\n0\r\n\r\n`)],
    ['in chunks that hold what looks like the last', inChunks('3\r\n0\r\n\r\n0\r\n\r\n')],
    ['in chunks with extensions', inChunks('3;a=b\r\nabc\r\n0;c\r\n\r\n')],
    ['in chunks with fields behind them', inChunks('3\r\nabc\r\n0\r\nA: b\r\n\r\n')],
  ])('%s is whole, and with anything behind it is followed by that', (_, text) => {
    expect(hasWholeRequest(inputOf(text))).toBe(true)
    expect(hasWholeRequestAndMore(inputOf(text))).toBe(false)
    expect(hasWholeRequestAndMore(inputOf(`${text}?`))).toBe(true)
  })

  it.each([
    ['whose head does not end', HEAD],
    ['that is shorter than its length', ofLength(4, 'abc')],
    ['whose chunks do not end', inChunks(`10\r\n${SIXTEEN}\r\n`)],
    ['of which a chunk does not end', inChunks('100\r\nabc\r\n0\r\n\r\n')],
    ['of which a chunk is longer than its size', inChunks('2\r\nabc\r\n0\r\n\r\n')],
    ['of which a chunk has no size', inChunks('g\r\nabc\r\n0\r\n\r\n')],
    ['whose fields behind the chunks do not end', inChunks('3\r\nabc\r\n0\r\nA: b\r\n')],
  ])('%s is not', (_, text) => {
    expect(hasWholeRequest(inputOf(text))).toBe(false)
  })
})

describe('a whole request with more behind it', () => {
  const more = inputOf(ofLength(3, 'abc?'))
  const alone = inputOf(ofLength(3, 'abc'))

  it('is of unknown outcome when its connection ends', () => {
    expect(closedAnswer(more, 'closed').verdict).toBe('unknown')
    expect(closedAnswer(alone, 'closed').verdict).toBe('refused')
  })

  it('is refused when it is answered so', () => {
    const answer = { status: 400, body: Buffer.alloc(0) }
    expect(answerOf(more, answer).verdict).toBe('refused')
  })

  it('or alone is of unknown outcome when we have not waited', () => {
    for (const input of [more, alone]) {
      expect(abandonedAnswer(input, 'closed').verdict).toBe('unknown')
    }
    expect(abandonedAnswer(inputOf(HEAD), 'closed').verdict).toBe('refused')
  })
})
