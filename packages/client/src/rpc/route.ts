/** What a path takes and gives, and how an answer is read: as a result, or as the error that it is. */

import {
  decodeStreamError,
  FieldError,
  HoldfastError,
  parseFirstJson,
  type JsonObject,
  type Route as WireRoute,
} from '@holdfast/protocol'
import { refusal } from './refusal.js'

export interface Route<Request, Response> {
  readonly path: string
  readonly request: { encode(value: Request): JsonObject }
  readonly response: { decode(json: unknown): Response }
  readonly stream: WireRoute['stream']
}

/** @throws {HoldfastError} the error that the server sent, or `badResponse`. */
export function readResult<Response>(
  route: Route<never, Response>,
  endpoint: string,
  { status, body }: { readonly status: number; readonly body: string },
): Response {
  if (status !== 200) throw refusal(endpoint, status, body)
  const json = understood(endpoint, () => parseFirstJson(body))
  return readMessage(route, endpoint, json)
}

/** Streams wrap each result, and may send an error in the place of one. */
export function readMessage<Response>(
  route: Route<never, Response>,
  endpoint: string,
  json: unknown,
): Response {
  if (route.stream === 'none') return understood(endpoint, () => route.response.decode(json))
  const error = decodeStreamError(json)
  if (error !== undefined) throw error
  const { result } = json as { readonly result?: unknown }
  return understood(endpoint, () => route.response.decode(result ?? {}))
}

/** @throws {HoldfastError} `badResponse` when it cannot be read. */
export function understood<T>(endpoint: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    const where = error instanceof FieldError ? `${error.path}: ` : ''
    const message = `the answer of ${endpoint} is not etcd's: ${where}${problem}`
    throw new HoldfastError('badResponse', message, { cause: error })
  }
}
