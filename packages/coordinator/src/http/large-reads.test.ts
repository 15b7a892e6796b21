/** Large reads that come together are made one in a turn of the event loop (catalogue 87). */

import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { systemClock } from '../time/clock.js'
import { base64, startEdge, type Edge } from './edge.test-support.js'
import { LargeReads } from './large-reads.js'

const MB = 1024 * 1024
const KEY = base64('large')

let edge: Edge
beforeAll(async () => {
  edge = await startEdge()
})
afterAll(() => edge.close())
afterEach(() => void vi.restoreAllMocks())

/** Which were made in which turn, of as many as there are sizes, all of which wait together. */
async function turnsOf(sizes: readonly number[]): Promise<readonly (readonly number[])[]> {
  let turn: number[] = []
  const turns = [turn]
  const reads = new LargeReads({
    ...systemClock,
    afterPoll: (action) =>
      systemClock.afterPoll(() => {
        turn = []
        turns.push(turn)
        action()
      }),
  })
  const read = (bytes: number): Promise<number> =>
    reads.make(
      () => turn.push(bytes),
      () => bytes,
    )
  await Promise.all(sizes.map(read))
  return turns.filter((one) => one.length > 0)
}

it('one in a turn, in the order in which they came', async () => {
  expect(await turnsOf([MB, 2 * MB, 3 * MB])).toEqual([[MB], [2 * MB], [3 * MB]])
})

it('small ones wait for large ones, and not for each other', async () => {
  expect(await turnsOf([1, 2, MB, 3, 4])).toEqual([
    [1, 2, MB],
    [3, 4],
  ])
})

it.each([
  ['a range', '/v3/kv/range', { key: KEY }],
  ['a local range', '/v3/kv/range', { key: KEY, serializable: true }],
  ['a transaction that only reads', '/v3/kv/txn', { success: [{ request_range: { key: KEY } }] }],
])('%s is one', async (_, path, body) => {
  await edge.post('/v3/kv/put', { key: KEY, value: Buffer.alloc(MB).toString('base64') })
  const made = vi.spyOn(edge.context.largeReads, 'make')
  expect((await edge.post(path, body)).status).toBe(200)
  const [read, bytesOf] = made.mock.calls[0]!
  expect(bytesOf(read())).toBeGreaterThanOrEqual(MB)
})
