/** How long, and how many, hold on to a connection without anything being done for it (catalogue 89). */

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../time/clock.js'
import type { Exchange } from './exchanges.js'
import { BODY_TIMEOUT_MS } from './request-body.js'
import { MAX_BUFFERED_BYTES } from './stream-lines.js'
import { MAX_UNTAKEN_BYTES, type UntakenAnswers } from './untaken-answers.js'

export interface ConnectionLimits {
  /** More are closed at once: each costs a descriptor, which the databases need too. */
  readonly maxConnections: number
  /** From the first byte of a request, or the connection, to the last of its headers. */
  readonly headersTimeoutMs: number
  /** How long an answer is kept of which the client takes nothing. */
  readonly stalledAnswerMs: number
  /** How long the rest of a request may still come when it has been answered. */
  readonly answeredRequestMs: number
  /** All answers together that clients have not taken yet. */
  readonly maxUntakenBytes: number
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  maxConnections: 10_000,
  // Node's own is 60 s.
  headersTimeoutMs: 9_000,
  stalledAnswerMs: 30_000,
  answeredRequestMs: BODY_TIMEOUT_MS,
  maxUntakenBytes: MAX_UNTAKEN_BYTES,
}

/**
 * A whole answer waits in memory for its client to take it. Streams keep little there, and wait for
 * their readers (stream-lines.ts); nothing happens on them for long without anything being wrong.
 */
export function letGoOfStalled(of: ServerResponse | Socket, stalledMs: number): void {
  of.setTimeout(stalledMs, () => {
    const socket = 'socket' in of ? of.socket : of
    if (socket !== null && socket.writableLength > MAX_BUFFERED_BYTES) socket.destroy()
  })
}

/** Nobody reads what comes after the answer, and Node waits for its end. */
export function letGoOfAnswered(
  { request, response }: Exchange,
  clock: Clock,
  answeredRequestMs: number,
): void {
  response.once('finish', () => {
    if (request.complete) return
    const { socket } = request
    const cancel = clock.after(answeredRequestMs, () => {
      if (!request.complete) socket.destroy()
    })
    // A request that was answered does not hear of the end of its connection.
    const end = (): void => {
      cancel()
      request.off('close', end)
      socket.off('close', end)
    }
    request.once('close', end)
    socket.once('close', end)
  })
}

/** Counts the answer from when it is made until it is taken. */
export function countUntaken(response: ServerResponse, untaken: UntakenAnswers): void {
  response.once('prefinish', () => {
    // Of who has left already nobody would hear that it was taken.
    if (response.destroyed) return
    const taken = untaken.add(response.writableLength, () => response.destroy())
    response.once('close', taken)
  })
}
