/** Opens a stream to a peer by an HTTP upgrade. */

import { request, type ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import {
  CONFLICT,
  GONE,
  NOT_THE_ONE,
  PEER_PATH,
  readRefusal,
  upgradeHeaders,
  WRONG_CLUSTER,
  type StreamIdentity,
} from './peer-protocol.js'

/** An attempt that hangs is given up. */
const CONNECT_TIMEOUT_MS = 1_000

export interface StreamRefusal {
  readonly reason: string
  /** No later attempt will do better, unless the other is of another cluster and is replaced. */
  readonly finality?: Finality | undefined
}

/** This member was removed, has lost what it had said, or is another process; or the peer is no peer. */
export type Finality = 'removed' | 'forgetful' | 'namesake' | 'otherCluster'

const FINALITIES: ReadonlyMap<number, Finality> = new Map([
  [GONE, 'removed'],
  [CONFLICT, 'forgetful'],
  [NOT_THE_ONE, 'namesake'],
  [WRONG_CLUSTER, 'otherCluster'],
])

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
    const { statusCode = 0, headers } = response
    const reason = readRefusal(statusCode, headers)
    response.resume()
    attempt.destroy()
    // Whatever else may answer at this address is no member.
    if (reason === undefined) onFailed({ reason: `status ${statusCode}` })
    else onFailed({ reason, finality: FINALITIES.get(statusCode) })
  })
  attempt.once('timeout', () => attempt.destroy(new Error('the peer did not answer in time')))
  attempt.once('error', () => onFailed(undefined))
  attempt.end()
  return attempt
}
