/**
 * What an answer without success means. An etcd says why in a body of its own; what has none comes from
 * a proxy on the way, which is believed by its status, or from another program: then the endpoint is
 * wrong, and the message names it.
 */

import { decodeError, HoldfastError, utf8Decode } from '@holdfast/protocol'

/** What proxies and HTTP servers say of requests, and of what is behind them. */
const OF_PROXIES = new Set([401, 403, 408, 413, 421, 429, 431, 499, 502, 503, 504])
/** Nothing was done where there is nothing to ask. */
const OF_NOTHING_THERE = new Set([404, 405, 426])
/** Of a refusal, whose beginning says enough. */
const MAX_BODY_LENGTH = 64 * 1024

export function refusal(endpoint: string, status: number, body: string): HoldfastError {
  if (OF_PROXIES.has(status) || isOfEtcd(body)) return decodeError(status, body)
  // Holdfast's own port for peers takes nothing but upgrades.
  const guess =
    status === 426
      ? 'is a port for peers, it seems: give the one for clients'
      : `does not answer as the client port of etcd or Holdfast (HTTP status ${status})`
  return new HoldfastError('badResponse', `${endpoint} ${guess}`, {
    outcome: OF_NOTHING_THERE.has(status) ? 'not-applied' : 'unknown',
    cause: decodeError(status, body),
  })
}

/** The same of a stream that did not begin. */
export async function refusalOfStream(
  endpoint: string,
  status: number,
  chunks: AsyncIterator<Uint8Array>,
): Promise<HoldfastError> {
  let body = ''
  for (let chunk = await chunks.next(); chunk.done !== true; chunk = await chunks.next()) {
    body += utf8Decode(chunk.value)
    if (body.length > MAX_BODY_LENGTH) break
  }
  return refusal(endpoint, status, body)
}

/** Every generation of etcd gives a code. */
function isOfEtcd(body: string): boolean {
  try {
    const { code, grpc_code: grpcCode } = JSON.parse(body) as Readonly<Record<string, unknown>>
    return typeof (code ?? grpcCode) === 'number'
  } catch {
    return false
  }
}
