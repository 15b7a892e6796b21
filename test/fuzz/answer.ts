/** What an answer says of its request, and whether a member may answer so. */

import { findRoute } from '@holdfast/protocol'
import type { Input } from './input.js'
import type { WireResponse } from './response-reader.js'
import { hasWholeRequest, hasWholeRequestAndMore } from './whole-request.js'

export interface Answer {
  /**
   * `refused` promises that nothing was changed. `unknown` is what a deadline leaves: what was begun
   * goes on, though nobody waits for it any more; and what garbage behind a whole request may.
   */
  readonly verdict: 'accepted' | 'refused' | 'unknown'
  /** What came: a status, or how the connection ended. */
  readonly label: string
  /** What no member may do, whatever it was sent. */
  readonly problem?: string
}

/** The connection ended, or was given up, before anything was said. */
export function closedAnswer(input: Input, label: string): Answer {
  const { kind } = input
  if (kind === 'json')
    return { verdict: 'refused', label, problem: 'a whole request had no answer' }
  const mayBeServed = kind === 'http' && hasWholeRequestAndMore(input)
  return { verdict: mayBeServed ? 'unknown' : 'refused', label }
}

/** It was we who had waited long enough: what could be served may have been. */
export function abandonedAnswer(input: Input, label: string): Answer {
  const isWebSocket = input.kind === 'websocket'
  const mayBeServed = isWebSocket ? input.name !== 'garbage' : hasWholeRequest(input)
  const closed = closedAnswer(input, label)
  return mayBeServed ? { ...closed, verdict: 'unknown' } : closed
}

export function stuckAnswer(label: string, patienceMs: number): Answer {
  const problem = `no answer, and no end, within ${patienceMs} ms`
  return { verdict: 'unknown', label, problem }
}

export function malformedAnswer(problem: string): Answer {
  return { verdict: 'unknown', label: 'malformed', problem }
}

export function answerOf(input: Input, { status, body }: WireResponse): Answer {
  const label = String(status)
  if (status < 400) return { verdict: 'accepted', label }
  const problem = problemOf(input, status, body.toString('utf8'))
  const verdict = mayHaveTakenEffect(status) ? 'unknown' : 'refused'
  return { verdict, label, ...(problem === undefined ? {} : { problem }) }
}

/** Each frame of a WebSocket that carries text is a line of the answer. */
export function answerInText(input: Input, text: string): Answer {
  const error = errorIn(text)
  if (error === undefined) return { verdict: 'accepted', label: '101 answer' }
  const code = error.code ?? -1
  const problem = isOfAnError(error) ? undefinedUnlessDefect(input, code, text) : malformed(text)
  const verdict = code === 1 || code === 4 || code === 14 ? 'unknown' : 'refused'
  const label = `101 error ${code}`
  return { verdict, label, ...(problem === undefined ? {} : { problem }) }
}

/** Canceled, deadline exceeded, unavailable. */
function mayHaveTakenEffect(status: number): boolean {
  return status === 499 || status === 504 || status === 503
}

interface ErrorBody {
  readonly error?: unknown
  readonly code?: number
  readonly message?: unknown
}

function problemOf(input: Input, status: number, text: string): string | undefined {
  // What Node's parser refuses has no body.
  if (text === '' && input.kind !== 'json') return status === 500 ? '500' : undefined
  const error = errorIn(text)
  if (input.kind === 'json' && (error === undefined || !isOfAnError(error))) return malformed(text)
  if (status < 500) return undefined
  if (input.kind === 'json' && status === 503) return `${status}: ${text.slice(0, 200)}`
  return status === 500 ? undefinedUnlessDefect(input, error?.code ?? -1, text) : undefined
}

/** What etcd gives no code of its own, on the paths where it has it so. */
const UNKNOWN = 2
const WITHOUT_CODES =
  /^(?:watch|leaseKeepAlive|lock|unlock|campaign|proclaim|leader|observe|resign)$/

function undefinedUnlessDefect({ path }: Input, code: number, text: string): string | undefined {
  const route = findRoute(path)
  const isKnown = code === UNKNOWN && route !== undefined && WITHOUT_CODES.test(route)
  const isDefect = code === 13 || code === 15 || code === -1
  return isDefect || (code === UNKNOWN && !isKnown) ? `500: ${text.slice(0, 200)}` : undefined
}

function errorIn(text: string): ErrorBody | undefined {
  if (!/^\{"(?:error|code)"/.test(text)) return undefined
  try {
    const parsed = JSON.parse(text) as ErrorBody
    // A stream's error stands inside of one.
    return typeof parsed.error === 'object' && parsed.error !== null ? parsed.error : parsed
  } catch {
    return undefined
  }
}

function isOfAnError({ error, code, message }: ErrorBody): boolean {
  return typeof code === 'number' && typeof message === 'string' && (error ?? message) === message
}

function malformed(text: string): string {
  return `an error that is none: ${JSON.stringify(text.slice(0, 200))}`
}
