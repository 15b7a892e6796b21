/** A response of lines: one message a chunk, bounded when the reader is slow, ended in order. */

import { describe, expect, it } from 'vitest'
import { Lines, settle } from './edge.test-support.js'
import { LineStream, MAX_BUFFERED_BYTES } from './stream-lines.js'

interface Opened {
  readonly stream: LineStream
  readonly lines: Lines
  readonly calls: ('drain' | 'close')[]
}

function open(): Opened {
  const calls: ('drain' | 'close')[] = []
  const stream = new LineStream({
    onDrain: () => void calls.push('drain'),
    onClose: () => void calls.push('close'),
  })
  return { stream, lines: new Lines(stream.response), calls }
}

/** Fills the buffer; returns how many lines that took. */
function fill(stream: LineStream): number {
  const text = JSON.stringify('x'.repeat(64 * 1024))
  let count = 0
  for (; stream.writable && count < 1_000; count++) stream.write(text)
  return count
}

describe('a stream of lines', () => {
  it('is JSON, and gives each message a chunk that is one line', async () => {
    const { stream, lines } = open()
    expect(stream.response.status).toBe(200)
    expect(stream.response.headers.get('content-type')).toBe('application/json')
    stream.write('{"ID":"1"}')
    stream.write('{}')
    stream.end()
    // `Lines` refuses chunks that are not one line.
    expect(await lines.rest()).toEqual([{ result: { ID: '1' } }, { result: {} }])
  })

  it('writes UTF-8', async () => {
    const { stream, lines } = open()
    stream.write('"é\\n€"')
    expect(await lines.next()).toEqual({ result: 'é\n€' })
  })

  it('ends with an error line, in the words of both generations of etcd', async () => {
    const { stream, lines } = open()
    stream.write('{}')
    stream.fail({ code: 14, message: 'etcdserver: no leader' })
    expect(await lines.rest()).toEqual([
      { result: {} },
      {
        error: {
          grpc_code: 14,
          http_code: 503,
          http_status: 'Service Unavailable',
          code: 14,
          message: 'etcdserver: no leader',
        },
      },
    ])
  })

  it('writes nothing after its end, and may be ended again', async () => {
    const { stream, lines } = open()
    stream.end()
    stream.write('{}')
    stream.fail({ code: 13, message: 'late' })
    stream.end()
    expect(stream.writable).toBe(false)
    expect(stream.isClosed).toBe(true)
    expect(await lines.rest()).toEqual([])
  })

  it('tells its source when the reader leaves, and takes nothing more', async () => {
    const { stream, lines, calls } = open()
    stream.write('{}')
    await lines.leave()
    expect(calls.filter((call) => call === 'close')).toHaveLength(1)
    expect(stream.isClosed).toBe(true)
    stream.write('{}')
    stream.fail({ code: 13, message: 'late' })
    expect(stream.writable).toBe(false)
  })

  it('does not tell its source of an end that came from there', async () => {
    const { stream, lines, calls } = open()
    stream.end()
    await lines.rest()
    expect(calls).not.toContain('close')
  })
})

describe('a slow reader (catalogue 61)', () => {
  it('makes the stream unwritable when its buffer is full', () => {
    const { stream } = open()
    expect(stream.writable).toBe(true)
    const lines = fill(stream)
    expect(lines * 64 * 1024).toBeLessThan(MAX_BUFFERED_BYTES + 2 * 64 * 1024)
    expect(stream.writable).toBe(false)
  })

  it('makes it writable again by reading, of which the source is told', async () => {
    const { stream, lines, calls } = open()
    await settle()
    fill(stream)
    await settle()
    calls.length = 0
    await settle()
    expect(calls).toEqual([])
    await lines.next()
    await lines.next()
    await settle()
    expect(stream.writable).toBe(true)
    expect(calls).toContain('drain')
  })

  it('is all that the source is told of: a quick one costs it nothing', async () => {
    const { stream, lines, calls } = open()
    for (let line = 0; line < 100; line++) {
      stream.write('{}')
      await lines.next()
      await settle(1)
    }
    expect(calls).toEqual([])
  })

  it('loses nothing', async () => {
    const { stream, lines } = open()
    const count = fill(stream)
    stream.write('"last"')
    stream.end()
    const rest = await lines.rest()
    expect(rest).toHaveLength(count + 1)
    expect(rest.at(-1)).toEqual({ result: 'last' })
  })
})

describe('waiting until it is writable', () => {
  it('takes no time when it is', async () => {
    const { stream } = open()
    await stream.untilWritable()
    expect(stream.writable).toBe(true)
  })

  it('takes until the reader reads on', async () => {
    const { stream, lines } = open()
    fill(stream)
    let isOver = false
    const waiting = stream.untilWritable().then(() => {
      isOver = true
    })
    await settle()
    expect(isOver).toBe(false)
    await lines.next()
    await lines.next()
    await waiting
    expect(stream.writable).toBe(true)
  })

  it.each(['leave', 'end'] as const)('is over when it is closed (%s)', async (how) => {
    const { stream, lines } = open()
    fill(stream)
    const waiting = stream.untilWritable()
    if (how === 'leave') await lines.leave()
    else stream.end()
    await waiting
    await stream.untilWritable()
    expect(stream.isClosed).toBe(true)
  })
})
