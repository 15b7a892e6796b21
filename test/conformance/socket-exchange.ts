/** One message over a WebSocket, and the first that comes back: there are no statuses. */

import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { WireAnswer, WireRequest } from './wire-request.js'

export async function socketExchange(url: string, request: WireRequest): Promise<WireAnswer> {
  const socket = new WebSocket(url.replace('http', 'ws') + request.path)
  try {
    await once(socket, 'open')
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(20_000) })
    socket.send(request.body)
    const [data] = (await answered) as [Buffer]
    const body = JSON.parse(data.toString()) as Readonly<Record<string, unknown>>
    return { status: body['code'] === undefined ? 200 : 400, headers: {}, body }
  } finally {
    socket.terminate()
  }
}
