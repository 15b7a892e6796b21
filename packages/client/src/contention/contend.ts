/**
 * Waiting for a place, whatever becomes of sessions meanwhile: a contender whose session ends joins
 * the queue again, at its end, with the next one. Whoever gives up leaves no key behind.
 */

import { HoldfastError, type HoldfastErrorCode } from '@holdfast/protocol'
import type { Core } from '../core.js'
import type { Hold } from '../session/hold.js'
import { abortError, backoffMs, pause } from '../time/scope.js'
import { Contender, type ContenderOptions } from './contender.js'

const INTERRUPTIONS = new Set<HoldfastErrorCode>(['sessionLost', 'lockLost', 'leaseNotFound'])
const BACKOFF = { baseMs: 50, capMs: 2_000 }

/** Waits to be first. @throws {HoldfastError} the reason of the signal, or what went wrong. */
export async function contend(
  core: Core,
  options: ContenderOptions,
  signal: AbortSignal,
): Promise<Hold> {
  const work = (contender: Contender, ending: AbortSignal): Promise<Hold> => contender.win(ending)
  return again(core, signal, () => enterOnce(core, options, signal, work))
}

/** Is first at once, or not at all: undefined. */
export async function contendOnce(
  core: Core,
  options: ContenderOptions,
  signal: AbortSignal,
): Promise<Hold | undefined> {
  return again(core, signal, () =>
    enterOnce(core, options, signal, async (contender, ending) => {
      const hold = await contender.winIfFree(ending)
      if (hold === undefined) await contender.leave()
      return hold
    }),
  )
}

async function enterOnce<T>(
  core: Core,
  options: ContenderOptions,
  signal: AbortSignal,
  work: (contender: Contender, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const session = await core.sessions.get(signal)
  using scope = core.rpc.scope({ signal })
  scope.follow(session.signal)
  const contender = new Contender(core.rpc, session, options)
  try {
    return await work(contender, scope.signal)
  } catch (error) {
    if (!signal.aborted) options.onStanding?.(undefined)
    await contender.leave()
    throw signal.aborted ? abortError(signal) : error
  }
}

/** Repeats what only the end of a session, or a stranger's deletion of the key, interrupted. */
async function again<T>(core: Core, signal: AbortSignal, once: () => Promise<T>): Promise<T> {
  const { clock } = core.rpc
  for (let failures = 0; ;) {
    try {
      return await once()
    } catch (error) {
      if (signal.aborted || !isInterruption(error)) throw error
      await pause(clock, backoffMs(clock, ++failures, BACKOFF), signal)
    }
  }
}

/** By their codes: a request that was cut short by the end of its session says so by its code. */
function isInterruption(error: unknown): boolean {
  return error instanceof HoldfastError && INTERRUPTIONS.has(error.code)
}
