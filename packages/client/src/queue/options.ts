/** What may be asked of a queue, checked before anything is sent. */

import { HoldfastError, utf8Encode } from '@holdfast/protocol'
import type { WaitOptions } from '../time/scope.js'
import { MAX_PRIORITY, MIN_PRIORITY } from './place.js'

export interface PushOptions extends WaitOptions {
  /** An integer from -32768 to 32767; higher is delivered first. Default 0. */
  readonly priority?: number | undefined
  /** Not delivered before this many milliseconds have passed; at most ten years. Default 0. */
  readonly delayMs?: number | undefined
  /**
   * While an item of this id is in the queue, pushing another one of the same id adds nothing. Text of
   * 1 to 1024 bytes. Default none.
   */
  readonly dedupeId?: string | undefined
}

/** Ten years: a moment since 1970 that was taken for a delay is more than that. */
const MAX_DELAY_MS = 10 * 366 * 24 * 60 * 60 * 1000
/** It becomes part of a key, and etcd keeps all keys in memory. */
const MAX_DEDUPE_ID_BYTES = 1024

export interface PushRequest {
  /** The value. */
  readonly json: string
  readonly priority: number
  readonly delayMs: number
  readonly dedupeId: string | undefined
}

/** @throws {HoldfastError} `invalidArgument` */
export function resolvePush(value: unknown, options: PushOptions): PushRequest {
  const { priority = 0, delayMs = 0, dedupeId } = options
  const json = jsonOf(value)
  if (!isPriority(priority)) {
    throw invalid(`priority must be an integer from ${MIN_PRIORITY} to ${MAX_PRIORITY}`)
  }
  if (!Number.isFinite(delayMs) || delayMs < 0 || delayMs > MAX_DELAY_MS) {
    throw invalid(`delayMs must be from 0 to ${MAX_DELAY_MS}`)
  }
  if (dedupeId !== undefined && !isDedupeId(dedupeId)) {
    throw invalid(`dedupeId must be a text of 1 to ${MAX_DEDUPE_ID_BYTES} bytes in UTF-8`)
  }
  return { json, priority, delayMs, dedupeId }
}

/** It gives nothing for what JSON has no words for, such as a function. */
const stringify: (value: unknown) => string | undefined = JSON.stringify

function jsonOf(value: unknown): string {
  let json: string | undefined
  try {
    json = stringify(value)
  } catch (cause) {
    // A bigint, a circle, or what a `toJSON` throws.
    throw invalid('an item must be a JSON value', cause)
  }
  if (json === undefined) throw invalid('an item must be a JSON value')
  return json
}

export function isPriority(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= MIN_PRIORITY && Number(value) <= MAX_PRIORITY
}

/** Lone surrogates would all become the same U+FFFD, and so different ids one. */
function isDedupeId(text: unknown): boolean {
  if (typeof text !== 'string' || text === '' || /\p{Surrogate}/u.test(text)) return false
  return utf8Encode(text).length <= MAX_DEDUPE_ID_BYTES
}

/** @throws {HoldfastError} `invalidArgument` */
export function atLeastOne(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} must be at least 1`)
  return value
}

/** @throws {HoldfastError} `invalidArgument` */
export function validTimeout(timeoutMs: number | undefined): number | undefined {
  if (timeoutMs !== undefined && !(timeoutMs >= 0)) throw invalid('timeoutMs must be at least 0')
  return timeoutMs
}

export function invalid(message: string, cause?: unknown): HoldfastError {
  return new HoldfastError('invalidArgument', message, { outcome: 'not-applied', cause })
}
