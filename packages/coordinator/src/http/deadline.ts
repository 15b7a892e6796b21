/**
 * `Grpc-Timeout: 5S`: for how long the client will wait (etcd: its gateway's AnnotateContext). What was
 * begun goes on, as in etcd: that nobody waits for an entry of the log does not take it back.
 */

import { deadlineExceeded, grpcStatus } from '@holdfast/protocol'
import type { Clock } from '../time/clock.js'
import { EdgeError } from './edge-error.js'

const HEADER = 'grpc-timeout'
const DIGITS = /^[+-]?[0-9]+$/
const MS_OF_UNIT = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 } as const
/** Timers take no more; nobody waits for longer. */
const LONGEST_MS = 2 ** 31 - 1

/**
 * In milliseconds; undefined when the client does not say, which 0 means too.
 * @throws {EdgeError} `invalid grpc-timeout` when it cannot be read
 */
export function timeoutOf(headers: Headers): number | undefined {
  const text = headers.get(HEADER)
  if (text === null || text === '') return undefined
  const [, digits, unit] = /^([+-]?[0-9]+)([HMSmun])$/.exec(text) ?? []
  if (digits === undefined || !isInt64(digits)) throw invalid(text)
  const timeoutMs = Number(digits) * MS_OF_UNIT[unit as keyof typeof MS_OF_UNIT]
  return timeoutMs === 0 ? undefined : Math.min(timeoutMs, LONGEST_MS)
}

export interface Deadline {
  readonly signal: AbortSignal
  /** Rejects when it has passed. */
  readonly passed: Promise<never>
  cancel(): void
}

/** @param timeoutMs Infinity for none. @param gone when the client is */
export function startDeadline(timeoutMs: number, gone: AbortSignal, clock: Clock): Deadline {
  const over = new AbortController()
  let cancel: () => void = () => undefined
  const passed = new Promise<never>((_, reject) => {
    const pass = (): void => {
      over.abort()
      reject(new EdgeError(deadlineExceeded))
    }
    if (timeoutMs <= 0) pass()
    else if (Number.isFinite(timeoutMs)) cancel = clock.after(timeoutMs, pass)
  })
  passed.catch(() => undefined)
  return { signal: AbortSignal.any([gone, over.signal]), passed, cancel: () => cancel() }
}

/** Who has no time left is refused, and not served in secret. */
export async function throwIfPassed({ passed }: Deadline): Promise<void> {
  await Promise.race([passed, Promise.resolve()])
}

function invalid(text: string): EdgeError {
  const { code } = grpcStatus.invalidArgument
  return new EdgeError({ code, message: `invalid grpc-timeout: ${problemOf(text)}` })
}

/** In the words of Go. */
function problemOf(text: string): string {
  if (text.length < 2) return `timeout string is too short: ${JSON.stringify(text)}`
  const unit = text.slice(-1)
  if (!(unit in MS_OF_UNIT)) return `timeout unit is not recognized: ${JSON.stringify(text)}`
  const digits = text.slice(0, -1)
  const problem = DIGITS.test(digits) ? 'value out of range' : 'invalid syntax'
  return `strconv.ParseInt: parsing ${JSON.stringify(digits)}: ${problem}`
}

function isInt64(digits: string): boolean {
  const value = BigInt(digits.replace('+', ''))
  return BigInt.asIntN(64, value) === value
}
