/**
 * Waiting for a place as long as the caller allows, outages of the cluster included; and when that
 * time is over, telling the two reasons apart that a caller acts on differently: others had it, or
 * the cluster did not answer. One request that took too long is neither.
 */

import { HoldfastError, type HoldfastErrorCode } from '@holdfast/protocol'
import type { Core } from '../core.js'
import { AcquireTimeoutError } from '../errors.js'
import { readHolder } from '../lock/holder.js'
import type { Hold } from '../session/hold.js'
import { inMs } from '../time/in-ms.js'
import { abortError, backoffMs, pause, type WaitOptions } from '../time/scope.js'
import { contend } from './contend.js'
import type { ContenderOptions } from './contender.js'
import { firstEntry } from './first-entry.js'

const BACKOFF = { baseMs: 50, capMs: 2_000 }
/** For who had it. The caller's time is over, so it cannot take long; a cluster that is well does. */
const LOOK_MS = 250
/** What says of a cluster that it cannot do anything; a time-out may be our own short one. */
const DEFINITE = new Set<HoldfastErrorCode>(['noQuorum', 'connectionFailed', 'unavailable'])

/** What is known of the wait when its time is over. */
interface Wait {
  readonly timeoutMs: number
  /** Whether others were before it when the cluster last answered. */
  queued: boolean
  /** What the cluster said when it last did not. */
  failure: HoldfastError | undefined
}

/**
 * Waits to be first. Without `timeoutMs` it fails when one request has failed for the client's
 * request time.
 *
 * @throws {AcquireTimeoutError} when the time is over and others had it.
 * @throws {HoldfastError} what the cluster failed with, when the time is over and it did not answer;
 * or `aborted`.
 */
export async function contendInTime(
  core: Core,
  options: ContenderOptions,
  waiting: WaitOptions,
): Promise<Hold> {
  using scope = core.scope(waiting)
  const { signal } = scope
  const { timeoutMs } = waiting
  if (timeoutMs === undefined) return await contend(core, options, signal)

  const wait: Wait = { timeoutMs, queued: false, failure: undefined }
  const onStanding = (standing: unknown): void => {
    wait.queued = standing !== undefined
  }
  for (let failures = 1; ; failures++) {
    try {
      scope.throwIfAborted()
      return await contend(core, { ...options, onStanding }, signal)
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      if (isOver(signal)) throw await explain(core, options, wait)
      if (signal.aborted || !error.retryable) throw error
      wait.failure = error
    }
    const delayMs = backoffMs(core.rpc.clock, failures, BACKOFF)
    await pause(core.rpc.clock, delayMs, signal).catch(() => undefined)
  }
}

const isOver = (signal: AbortSignal): boolean =>
  signal.aborted && abortError(signal).code === 'timeout'

/** Asks who has it. That is also how the cluster shows whether it answers. */
async function explain(
  core: Core,
  { name, prefix }: ContenderOptions,
  { timeoutMs, queued, failure }: Wait,
): Promise<HoldfastError> {
  try {
    const first = await firstEntry(core, prefix, { timeoutMs: LOOK_MS })
    if (first === undefined && !queued) return unanswered(name, timeoutMs, failure)
    return new AcquireTimeoutError(name, timeoutMs, first && readHolder(first.bytes))
  } catch (error) {
    const definite = error instanceof HoldfastError && DEFINITE.has(error.code)
    if (definite) return unanswered(name, timeoutMs, error)
    if (queued) return new AcquireTimeoutError(name, timeoutMs, undefined)
    return unanswered(name, timeoutMs, failure)
  }
}

function unanswered(
  name: string,
  timeoutMs: number,
  failure: HoldfastError | undefined,
): HoldfastError {
  const why = failure === undefined ? '' : `: ${failure.message}`
  return new HoldfastError(
    failure?.code ?? 'timeout',
    `${name}: the cluster did not answer within ${inMs(timeoutMs)}${why}`,
    { retryable: true, outcome: 'not-applied', cause: failure },
  )
}
