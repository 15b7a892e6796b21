/**
 * What a WebSocket's opening request says to the path behind it. Browsers can set no headers for it, so
 * the token may come as a subprotocol or as a cookie (etcd: grpc-websocket-proxy).
 */

import type { IncomingHttpHeaders } from 'node:http'

const FORWARDED = /^(grpc-|authorization$|origin$|referer$)/
const BEARER = 'Bearer'
const TOKEN_COOKIE = 'token'

/** @param offered the subprotocols of the client, of which it must be told the one that is taken */
export function wantsBearer(offered: ReadonlySet<string>): boolean {
  return offered.has(BEARER)
}

/** A cookie counts more than a subprotocol, and that more than a header. */
export function socketHeaders(given: IncomingHttpHeaders): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(given)) {
    if (FORWARDED.test(name) && typeof value === 'string') headers.set(name, value)
  }
  const token = tokenInCookie(given.cookie) ?? tokenInProtocol(given['sec-websocket-protocol'])
  if (token !== undefined) headers.set('authorization', `${BEARER} ${token}`)
  return headers
}

function tokenInProtocol(offered: string | undefined): string | undefined {
  const [first, second] = (offered ?? '').split(',', 2).map((protocol) => protocol.trim())
  return first === BEARER && second !== '' ? second : undefined
}

function tokenInCookie(cookies: string | undefined): string | undefined {
  for (const cookie of (cookies ?? '').split(';')) {
    const at = cookie.indexOf('=')
    if (cookie.slice(0, at).trim() === TOKEN_COOKIE) return cookie.slice(at + 1).trim()
  }
  return undefined
}
