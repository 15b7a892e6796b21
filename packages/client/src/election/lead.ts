/**
 * The loop of a process that leads whenever it can: campaign, work, and after a loss campaign again.
 * It runs at most one worker: the old one has ended before the next campaign begins, and before a
 * leadership that is given up on purpose goes to others (abort, await, release).
 */

import { HoldfastError } from '@holdfast/protocol'
import type { Core } from '../core.js'
import { LockLostError } from '../errors.js'
import type { Hold } from '../session/hold.js'
import { backoffMs, pause, type WaitOptions } from '../time/scope.js'

const BACKOFF = { baseMs: 200, capMs: 5_000 }

export interface LeadPlan<T> {
  /** Waits to be elected. */
  readonly campaign: (signal: AbortSignal) => Promise<Hold>
  readonly work: (hold: Hold) => Promise<T> | T
}

/** How one term of office ended. */
type Term<T> =
  | { readonly type: 'done'; readonly result: T | undefined }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'lost' }

/**
 * Resolves with what the work returned, or with undefined when the signal ended it.
 *
 * @param options `timeoutMs` bounds the wait for the first term.
 */
export async function lead<T>(
  core: Core,
  plan: LeadPlan<T>,
  options: WaitOptions,
): Promise<T | undefined> {
  using scope = core.scope({ signal: options.signal })
  const { signal } = scope
  for (let { timeoutMs } = options; ; timeoutMs = undefined) {
    const hold = await campaignUntilElected(core, plan, { signal, timeoutMs })
    if (hold === undefined) return undefined
    const term = await core.track(serve(hold, plan.work, signal))
    if (term.type === 'done') return term.result
    if (term.type === 'failed') throw term.error
    if (!(await rested(core, 1, signal))) return undefined
  }
}

/** Outlasts outages; undefined when the signal ended it. @throws {HoldfastError} `timeout` */
async function campaignUntilElected<T>(
  core: Core,
  plan: LeadPlan<T>,
  { signal, timeoutMs }: WaitOptions & { readonly signal: AbortSignal },
): Promise<Hold | undefined> {
  using limit = core.rpc.scope({ signal, timeoutMs })
  for (let failures = 1; ; failures++) {
    try {
      limit.throwIfAborted()
      return await plan.campaign(limit.signal)
    } catch (error) {
      if (signal.aborted) return undefined
      limit.throwIfAborted()
      if (!(error instanceof HoldfastError) || !error.retryable) throw error
    }
    await rested(core, failures, limit.signal)
  }
}

/** Serves one term. Nothing of it is left running when this settles. */
async function serve<T>(
  hold: Hold,
  work: LeadPlan<T>['work'],
  signal: AbortSignal,
): Promise<Term<T>> {
  const stop = (): void => hold.lose('released')
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const result = await work(hold)
    return wasLost(hold) ? { type: 'lost' } : { type: 'done', result }
  } catch (error) {
    // Whatever fails after a loss fails because of it.
    if (wasLost(hold)) return { type: 'lost' }
    if (signal.aborted && isAbort(error)) return { type: 'done', result: undefined }
    return { type: 'failed', error }
  } finally {
    signal.removeEventListener('abort', stop)
    await hold.release()
  }
}

/** Over against its will, and not because the client closes: another campaign is due. */
function wasLost({ signal }: Hold): boolean {
  const reason: unknown = signal.reason
  return reason instanceof LockLostError && !['released', 'closed'].includes(reason.reason)
}

/** Work that was told to stop, and stopped by throwing what told it. */
function isAbort(error: unknown): boolean {
  if (error instanceof HoldfastError) return ['aborted', 'closed', 'lockLost'].includes(error.code)
  return error instanceof Error && error.name === 'AbortError'
}

/** False when the signal ended the rest. */
async function rested(core: Core, failures: number, signal: AbortSignal): Promise<boolean> {
  const { clock } = core.rpc
  try {
    await pause(clock, backoffMs(clock, failures, BACKOFF), signal)
    return true
  } catch {
    return false
  }
}
