/** When a stream is given up, and when not. That it is opened anew is tested in stream-transport. */

import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { MAX_MISSED_PROBES, PROBE_INTERVAL_MS, probeStream } from './stream-liveness.js'

class FakeSocket extends EventEmitter {
  /** Bytes that the other end has not taken yet. */
  writableLength = 0
  probes = 0
  destroyed = false

  write(): void {
    this.probes += 1
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

function probed(): FakeSocket {
  const socket = new FakeSocket()
  probeStream(socket as unknown as Socket)
  return socket
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

it('gives up after so many probes without answer, and asks no more', () => {
  const socket = probed()
  vi.advanceTimersByTime(MAX_MISSED_PROBES * PROBE_INTERVAL_MS)
  expect(socket).toMatchObject({ probes: MAX_MISSED_PROBES, destroyed: false })
  vi.advanceTimersByTime(PROBE_INTERVAL_MS)
  expect(socket.destroyed).toBe(true)
  vi.advanceTimersByTime(10 * PROBE_INTERVAL_MS)
  expect(socket.probes).toBe(MAX_MISSED_PROBES)
})

it('goes on as long as anything comes back', () => {
  const socket = probed()
  for (let answer = 0; answer < 10; answer++) {
    vi.advanceTimersByTime(MAX_MISSED_PROBES * PROBE_INTERVAL_MS)
    socket.emit('data', Buffer.of(0))
  }
  expect(socket.destroyed).toBe(false)
})

it('lets a slow peer take its time, as long as it takes something', () => {
  const socket = probed()
  socket.writableLength = 10_000_000
  for (let interval = 0; interval < 20; interval++) {
    socket.writableLength -= 1_000
    vi.advanceTimersByTime(PROBE_INTERVAL_MS)
  }
  expect(socket.destroyed).toBe(false)
  vi.advanceTimersByTime((MAX_MISSED_PROBES + 1) * PROBE_INTERVAL_MS)
  expect(socket.destroyed).toBe(true)
})
