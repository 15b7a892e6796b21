/** When the messages of a stream are due. */

import { routes } from '@holdfast/protocol'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock } from '../time/clock.js'
import { BODY_TIMEOUT_MS } from './request-body.js'
import { streamRequests } from './stream-requests.js'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

function messages(...sent: string[]): AsyncGenerator {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => sent.forEach((text) => controller.enqueue(Buffer.from(text))),
  })
  return streamRequests(body, routes.leaseKeepAlive.request, systemClock)
}

it.each([[[]], [['{"ID":']], [[' ', '\n']]])(
  'a first message that does not come is not waited for (catalogue 89): %j',
  async (sent) => {
    const refused = messages(...sent)
      .next()
      .catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(BODY_TIMEOUT_MS)
    expect(await refused).toMatchObject({ wire: { code: 4 } })
    expect(vi.getTimerCount()).toBe(0)
  },
)

it('a later one may come at any time', async () => {
  const stream = messages('{"ID":5}')
  expect(await stream.next()).toMatchObject({ value: { id: '5' } })
  let settled = false
  void stream.next().finally(() => (settled = true))
  await vi.advanceTimersByTimeAsync(10 * BODY_TIMEOUT_MS)
  expect([settled, vi.getTimerCount()]).toEqual([false, 0])
})
