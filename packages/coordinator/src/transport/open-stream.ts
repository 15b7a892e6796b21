/** Opens a stream to a peer by an HTTP upgrade. */

import { request, type ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { CONFLICT, GONE, PEER_PATH, upgradeHeaders, type StreamIdentity } from './peer-protocol.js'

/** An attempt that hangs is given up. */
const CONNECT_TIMEOUT_MS = 1_000

export interface StreamRefusal {
  readonly reason: string
  /** No later attempt will do better: this member was removed, or has lost what it had said. */
  readonly finality?: 'removed' | 'forgetful' | undefined
}

export interface StreamAttempt {
  readonly url: string
  readonly identity: StreamIdentity
  readonly onOpen: (socket: Socket) => void
  /** `refusal` is what the peer had against it; undefined if it could not be reached. */
  readonly onFailed: (refusal: StreamRefusal | undefined) => void
}

/** One of the two callbacks is called, once, unless the attempt is destroyed before. */
export function openStream({ url, identity, onOpen, onFailed }: StreamAttempt): ClientRequest {
  const attempt = request(new URL(PEER_PATH, url), {
    headers: upgradeHeaders(identity),
    timeout: CONNECT_TIMEOUT_MS,
    agent: false,
  })
  attempt.once('upgrade', (_response, socket: Socket) => {
    socket.setNoDelay(true)
    socket.setTimeout(0)
    socket.on('error', () => socket.destroy())
    onOpen(socket)
  })
  attempt.once('response', (response) => {
    const reason = response.headers['holdfast-refusal']
    response.resume()
    attempt.destroy()
    const { statusCode = 0 } = response
    onFailed({
      reason: typeof reason === 'string' ? reason : `status ${statusCode}`,
      finality: finalityOf(statusCode),
    })
  })
  attempt.once('timeout', () => attempt.destroy(new Error('the peer did not answer in time')))
  attempt.once('error', () => onFailed(undefined))
  attempt.end()
  return attempt
}

function finalityOf(status: number): StreamRefusal['finality'] {
  if (status === GONE) return 'removed'
  return status === CONFLICT ? 'forgetful' : undefined
}
