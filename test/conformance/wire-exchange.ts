/** One request and what came back. */

import { socketExchange } from './socket-exchange.js'
import type { WireAnswer, WireRequest } from './wire-request.js'

/** Sends the body as curl does: as a form, whatever it really is. */
export async function exchange(
  url: string,
  request: WireRequest,
  gone: AbortSignal = AbortSignal.timeout(20_000),
): Promise<WireAnswer> {
  if (request.over === 'websocket') return socketExchange(url, request)
  const left = new AbortController()
  const response = await fetch(url + request.path, {
    method: 'POST',
    body: request.body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...request.headers },
    signal: AbortSignal.any([left.signal, gone]),
  })
  const { status } = response
  const headers = tellingHeaders(response)
  if (request.lines === undefined) {
    return { status, headers, body: parse(await response.text()) }
  }
  const body = await readLines(response, request.lines)
  left.abort()
  return { status, headers, body: body.map(parse) }
}

async function readLines(response: Response, count: number): Promise<readonly string[]> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.split('\n').length > count) break
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .slice(0, count)
}

/** That it is JSON, and what it says of the request that etcd's gateway made of it. */
export function tellingHeaders({ headers }: Response): Readonly<Record<string, string>> {
  const telling = [...headers].filter(([name]) => /^(?:content-type|grpc-.*|allow)$/.test(name))
  return Object.fromEntries(telling)
}

/** One value, or those of the lines of a stream. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const lines = text.split('\n').filter((line) => line !== '')
    return lines.length > 1 ? lines.map(parse) : text
  }
}
