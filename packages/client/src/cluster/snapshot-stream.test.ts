/** A copy of a member's store, read as it comes: whole, cut short, refused, and stalled. */

import { routes, type SnapshotResponse } from '@holdfast/protocol'
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

const SUM = Buffer.alloc(32, 's')
const line = (message: Partial<SnapshotResponse>): string =>
  `${JSON.stringify({ result: routes.snapshot.response.encode({ version: '3.6.0', ...message }) })}\n`
const WHOLE = [
  line({ blob: Buffer.from('one'), remainingBytes: 3 }),
  line({ blob: Buffer.from('two') }),
  line({ blob: SUM }),
]

/** Whether the exchange has ended, as a connection would know it. */
let isEnded: boolean

function answering(text: string, status = 200, isOpen = false): void {
  isEnded = false
  fixture.etcd.stream = ({ signal }) =>
    Promise.resolve({ status, chunks: chunksOf(text, isOpen ? signal : undefined) })
}

async function* chunksOf(text: string, until?: AbortSignal): AsyncGenerator<Buffer> {
  try {
    // Chunks may end anywhere.
    for (let at = 0; at < text.length; at += 40) yield Buffer.from(text.slice(at, at + 40))
    if (until === undefined) return
    await new Promise((_, reject) =>
      until.addEventListener('abort', () => reject(until.reason as Error)),
    )
  } finally {
    isEnded = true
  }
}

async function read(endpoint?: string): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of client.cluster.snapshot(endpoint)) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

describe('a snapshot', () => {
  test('comes in its pieces, with its sum at the end', async () => {
    answering(WHOLE.join(''))
    expect(await read('http://b')).toBe(`onetwo${SUM.toString()}`)
  })

  test('is given by a member without a leader, as what is left of a cluster is', async () => {
    const headers: Readonly<Record<string, string>>[] = []
    fixture.etcd.stream = (request) => {
      headers.push(request.headers)
      return Promise.resolve({ status: 200, chunks: chunksOf(WHOLE.join('')) })
    }
    await read()
    expect(headers).toHaveLength(1)
    expect(headers[0]).not.toHaveProperty('grpc-metadata-hasleader')
  })

  test.each([
    ['in a message', WHOLE.join('').slice(0, -60)],
    ['between two', WHOLE.slice(0, 1).join('')],
    ['before its sum', WHOLE.slice(0, 2).join('')],
    ['before it began', ''],
  ])('that ends %s is not taken for whole', async (_, text) => {
    answering(text)
    await expect(read()).rejects.toMatchObject({ code: 'connectionFailed', retryable: true })
  })

  test('that is refused says why', async () => {
    answering('{"code":8,"message":"etcdserver: too many requests"}', 429)
    await expect(read()).rejects.toMatchObject({ code: 'resourceExhausted', retryable: true })
  })

  test('that breaks off with an error says why', async () => {
    const error = { error: { grpc_code: 14, message: 'etcdserver: server stopped' } }
    answering(`${WHOLE[0]}${JSON.stringify(error)}\n`)
    await expect(read()).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('that says nothing for a minute is given up', async () => {
    answering(WHOLE[0]!, 200, true)
    const reading = expect(read()).rejects.toMatchObject({ code: 'connectionFailed' })
    await settle()
    await fixture.clock.advance(60_000)
    await reading
  })

  test('whose reader leaves early ends its exchange', async () => {
    answering(WHOLE.join(''))
    for await (const piece of client.cluster.snapshot()) {
      expect(Buffer.from(piece).toString()).toBe('one')
      break
    }
    await settle()
    expect(isEnded).toBe(true)
  })

  test('that makes no sense ends its exchange', async () => {
    answering(`no JSON ${WHOLE.join('')}`)
    await expect(read()).rejects.toMatchObject({ name: 'HoldfastError' })
    await settle()
    expect(isEnded).toBe(true)
  })
})
