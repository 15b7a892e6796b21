/**
 * Whether the other end of an open stream still takes what is sent to it. TCP alone finds out by
 * retransmitting, at intervals that double: a stream that was silenced by a partition would stay
 * silent for about as long again after the network has healed.
 *
 * So the sender of a stream sends an empty frame now and then, and the receiver sends it back.
 */

import type { Socket } from 'node:net'
import { frameHeader } from './frame.js'

export const PROBE_INTERVAL_MS = 500
/** Unanswered ones after which the stream is given up. */
export const MAX_MISSED_PROBES = 3

const PROBE = frameHeader(new Uint8Array())

/**
 * Destroys the socket when the other end has gone silent. Probes are counted, not time: after a
 * stall of this process one timer fires, and then the answers that have arrived meanwhile are read.
 */
export function probeStream(socket: Socket): void {
  let missed = 0
  let unsent = 0
  const timer = setInterval(() => {
    // A probe may wait behind much else. A peer that is only slow keeps taking it.
    if (socket.writableLength < unsent) missed = 0
    unsent = socket.writableLength
    if (missed === MAX_MISSED_PROBES) {
      socket.destroy()
      return
    }
    missed += 1
    socket.write(PROBE)
  }, PROBE_INTERVAL_MS)
  socket.on('data', () => (missed = 0))
  socket.once('close', () => clearInterval(timer))
}

export function answerProbe(socket: Socket): void {
  socket.write(PROBE)
}

export function isProbe(payload: Uint8Array): boolean {
  return payload.byteLength === 0
}
