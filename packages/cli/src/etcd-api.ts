/**
 * Requests of etcd's JSON API that the SDK has no method for: leases by id, members, status. 64-bit
 * integers are texts on this wire and stay texts here.
 */

import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { HoldfastError, type HoldfastErrorCode } from '@holdfast/client'
import { DEFAULT_TIMEOUT_MS, endpointsOf } from './client.js'
import type { Surroundings } from './command-host.js'
import { readAll } from './io.js'

export type Json = Readonly<Record<string, unknown>>

export interface ApiRequest {
  readonly path: string
  readonly body: Json
}

/**
 * Asks one endpoint after the other until one answers. None of the requests here harms by being
 * executed twice: a lease that nobody heard of expires by itself.
 *
 * @throws {HoldfastError}
 */
export async function askAny(surroundings: Surroundings, request: ApiRequest): Promise<Json> {
  const failures: HoldfastError[] = []
  for (const endpoint of endpointsOf(surroundings)) {
    try {
      return await ask(endpoint, request, surroundings)
    } catch (error) {
      if (!(error instanceof HoldfastError) || !error.retryable) throw error
      failures.push(error)
    }
  }
  const [first, ...others] = failures
  if (first === undefined || others.length === 0) throw first ?? new Error('no endpoint to ask')
  const message = failures.map((failure) => failure.message).join('; ')
  throw new HoldfastError(first.code, message, { outcome: 'unknown' })
}

/** @throws {HoldfastError} */
export async function ask(
  endpoint: string,
  { path, body }: ApiRequest,
  { global }: Pick<Surroundings, 'global'>,
): Promise<Json> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = global
  const origin = originOf(endpoint)
  try {
    const { status, text } = await post(new URL(`/v3${path}`, origin), body, timeoutMs)
    const json = firstJson(text)
    if (status !== 200 || json === undefined) throw refusal(origin, status, json)
    return json
  } catch (error) {
    if (error instanceof HoldfastError) throw error
    throw unreachable(origin, timeoutMs, error)
  }
}

/** Not `fetch`, which refuses a list of ports that a server may well listen on. */
async function post(
  url: URL,
  body: Json,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly text: string }> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const signal = AbortSignal.timeout(timeoutMs)
  const request = send(url, { method: 'POST', agent: false, signal })
  request.end(JSON.stringify(body))
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve)
    request.once('error', reject)
  })
  const text = (await readAll(response)).toString()
  return { status: response.statusCode ?? 0, text }
}

export function originOf(endpoint: string): string {
  const text = /^[a-z]+:\/\//i.test(endpoint) ? endpoint : `http://${endpoint}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new HoldfastError('invalidArgument', `not an endpoint: ${endpoint}`, {
      outcome: 'not-applied',
    })
  }
  return url.origin
}

/** A stream's answer is a message a line, of which these requests need the first. */
function firstJson(text: string): Json | undefined {
  try {
    const json: unknown = JSON.parse(text.trim().split('\n', 1)[0] ?? '')
    return typeof json === 'object' && json !== null ? (json as Json) : undefined
  } catch {
    return undefined
  }
}

const codes: Readonly<Record<number, HoldfastErrorCode>> = {
  3: 'invalidArgument',
  5: 'notFound',
  7: 'permissionDenied',
  8: 'resourceExhausted',
  12: 'unimplemented',
  14: 'unavailable',
  16: 'unauthenticated',
}

function refusal(origin: string, status: number, body: Json | undefined): HoldfastError {
  const { code, message } = body ?? {}
  const known = typeof code === 'number' ? codes[code] : undefined
  const text =
    typeof message === 'string' ? message : `${origin} answered with HTTP status ${status}`
  const retryable = known === 'unavailable' || (known === undefined && status >= 500)
  return new HoldfastError(known ?? (retryable ? 'unavailable' : 'failedPrecondition'), text, {
    retryable,
    outcome: retryable ? 'unknown' : 'not-applied',
  })
}

function unreachable(origin: string, timeoutMs: number, error: unknown): HoldfastError {
  if (error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name)) {
    const message = `${origin} did not answer within ${timeoutMs} ms`
    return new HoldfastError('timeout', message, { retryable: true, cause: error })
  }
  const refused = error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
  const reason = error instanceof Error ? error.message || error.name : String(error)
  return new HoldfastError('connectionFailed', `${origin} cannot be reached: ${reason}`, {
    retryable: true,
    outcome: refused ? 'not-applied' : 'unknown',
    cause: error,
  })
}

/** A 64-bit integer, which is left out when it is 0. */
export function integer(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '0'
}

export function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : []
}
