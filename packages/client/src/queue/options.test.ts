import { beforeEach, describe, expect, test } from 'vitest'
import { bench, type Bench } from '../fake/bench.test-support.js'
import type { PushOptions } from './options.js'

let fixture: Bench
beforeEach(() => {
  fixture = bench()
})

const invalid = { code: 'invalidArgument', outcome: 'not-applied', retryable: false }

describe('before anything is sent, a push refuses', () => {
  test.each<[string, PushOptions]>([
    ['a priority that is no integer', { priority: 0.5 }],
    ['a priority that is no number', { priority: NaN }],
    ['a priority above the range', { priority: 32_768 }],
    ['a priority below the range', { priority: -32_769 }],
    ['a negative delay', { delayMs: -1 }],
    ['a delay that is no number', { delayMs: NaN }],
    ['a delay without end', { delayMs: Infinity }],
    ['a moment taken for a delay', { delayMs: Date.parse('2026-01-01') }],
    ['an empty dedupe id', { dedupeId: '' }],
    ['a dedupe id that is too long', { dedupeId: 'ü'.repeat(513) }],
    ['a dedupe id that UTF-8 cannot say', { dedupeId: 'a\ud800' }],
    ['a dedupe id that is not a text', { dedupeId: 7 as unknown as string }],
  ])('%s', async (_, options) => {
    const queue = fixture.client().queue('q')
    await expect(queue.push('x', options)).rejects.toMatchObject(invalid)
    await expect(queue.offer('x', options)).rejects.toMatchObject(invalid)
    expect(fixture.etcd.sent).toEqual([])
  })

  test('what JSON cannot say', async () => {
    const circle: unknown[] = []
    circle.push(circle)
    for (const value of [undefined, 1n, circle]) {
      await expect(fixture.client().queue('q').push(value)).rejects.toMatchObject(invalid)
    }
    expect(fixture.etcd.sent).toEqual([])
  })
})

test('both ends of the range of priorities, and the longest dedupe id, are taken', async () => {
  const queue = fixture.client().queue<number>('q')
  for (const priority of [-32_768, 32_767]) await queue.push(priority, { priority })
  await queue.push(0, { dedupeId: 'ü'.repeat(512), delayMs: undefined, priority: undefined })
  const seen: number[] = []
  for await (const { value, priority, ack } of queue.consume()) {
    expect(priority).toBe(value)
    await ack()
    if (seen.push(value) === 3) break
  }
  expect(seen).toEqual([32_767, 0, -32_768])
})

test.each([{ concurrency: 0 }, { concurrency: 1.5 }, { timeoutMs: -1 }, { timeoutMs: NaN }])(
  'before anything is sent, a loop refuses %j',
  async (options) => {
    const next = fixture.client().queue('q').consume(options).next()
    await expect(next).rejects.toMatchObject(invalid)
    expect(fixture.etcd.sent).toEqual([])
  },
)
