/** The body of a unary request: never more of it than is allowed, and never other bytes than came. */

import { afterEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../time/clock.js'
import { EdgeError } from './edge-error.js'
import { BODY_TIMEOUT_MS, MAX_BODY_BYTES, readBody } from './request-body.js'

interface Sent {
  readonly chunks: readonly (string | Uint8Array)[]
  readonly declared?: string
  /** What happens after the last chunk. */
  readonly then?: 'end' | 'break' | 'wait'
}

/** Chunks that were asked for. */
let pulled = 0
let isCancelled = false

afterEach(() => {
  pulled = 0
  isCancelled = false
})

function request({ chunks, declared, then = 'end' }: Sent): Request {
  const rest = chunks.map((chunk) => Buffer.from(chunk))
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = rest.shift()
        pulled += 1
        if (next !== undefined) controller.enqueue(next)
        else if (then === 'end') controller.close()
        else if (then === 'break') controller.error(new Error('aborted'))
      },
      cancel() {
        isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  const headers: Record<string, string> =
    declared === undefined ? {} : { 'content-length': declared }
  const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit
  return new Request('http://edge/', init)
}

function read(sent: Sent): Promise<string> {
  return readBody(request(sent), systemClock)
}

async function refusal(sent: Sent): Promise<EdgeError['wire']> {
  const error: unknown = await read(sent).catch((reason: unknown) => reason)
  if (!(error instanceof EdgeError)) throw new Error('not refused', { cause: error })
  return error.wire
}

const MIB = 1024 * 1024
const mebibyte = Buffer.alloc(MIB, 'a')

describe.each([
  ['with its length', (length: number) => String(length)],
  ['chunked', () => undefined],
])('a body %s', (_, declare) => {
  const sentAs = (...chunks: (string | Uint8Array)[]): Sent => {
    const declared = declare(chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0))
    return declared === undefined ? { chunks } : { chunks, declared }
  }

  it('is read whole', async () => {
    expect(await read(sentAs('{"key":', '"YQ=="}'))).toBe('{"key":"YQ=="}')
  })

  it('may be empty', async () => {
    expect(await read(sentAs())).toBe('')
  })

  it('may be as large as is allowed', async () => {
    const text = await read(sentAs(mebibyte, mebibyte, mebibyte))
    expect(text).toHaveLength(MAX_BODY_BYTES)
  })

  it('may not be larger (429, code 8)', async () => {
    expect(await refusal(sentAs(mebibyte, mebibyte, mebibyte, 'a'))).toEqual({
      code: 8,
      message: `grpc: received message larger than max (${MAX_BODY_BYTES + 1} vs. ${2 * MIB})`,
    })
  })

  it('may cut a character between two chunks', async () => {
    const bytes = Buffer.from('"é"')
    const text = await read(sentAs(bytes.subarray(0, 2), bytes.subarray(2)))
    expect(text).toBe('"é"')
  })

  it('is refused when it is not UTF-8, rather than changed (catalogue 88)', async () => {
    const broken = Buffer.concat([Buffer.from('"'), Buffer.from([0xff]), Buffer.from('"')])
    expect(await refusal(sentAs(broken))).toMatchObject({ code: 3 })
    // The refusal leaves nothing behind for the next one.
    expect(await read(sentAs('{}'))).toBe('{}')
  })

  it('keeps a byte order mark, which no JSON begins with (catalogue 86)', async () => {
    expect(await read(sentAs('\uFEFF{}'))).toBe('\uFEFF{}')
  })

  it('that breaks off is the client’s doing (code 1)', async () => {
    const sent = { ...sentAs('{"key":"YQ=="}'), then: 'break' } as const
    expect(await refusal(sent)).toEqual({ code: 1, message: 'context canceled' })
  })
})

it('a declared length over the limit is refused before anything is read', async () => {
  const declared = String(MAX_BODY_BYTES + 1)
  expect(await refusal({ chunks: ['{}'], declared })).toMatchObject({ code: 8 })
  expect(pulled).toBe(0)
})

it('a chunked body is not read on once it is over the limit', async () => {
  const chunks = Array.from({ length: 50 }, () => mebibyte)
  expect(await refusal({ chunks, then: 'wait' })).toMatchObject({ code: 8 })
  expect(pulled).toBe(4)
  expect(isCancelled).toBe(true)
})

it.each(['2', 'none', '-1', '1e2'])(
  'a declared length of %s does not let a larger body in',
  async (declared) => {
    const chunks = [mebibyte, mebibyte, mebibyte, 'a']
    expect(await refusal({ chunks, declared })).toMatchObject({ code: 8 })
  },
)

it.each([undefined, '14'])('a body that does not come is not waited for (%s)', async (declared) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const sent = { chunks: ['{"key":'], then: 'wait', ...(declared && { declared }) } as const
    const refused = refusal(sent)
    await vi.advanceTimersByTimeAsync(BODY_TIMEOUT_MS)
    expect(await refused).toMatchObject({ code: 4 })
    await read({ chunks: ['{}'] })
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

it('no body at all is an empty one', async () => {
  expect(await readBody(new Request('http://edge/', { method: 'POST' }), systemClock)).toBe('')
})
