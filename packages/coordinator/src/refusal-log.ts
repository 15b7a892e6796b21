/**
 * Streams that are refused are opened again and again, with the same result. Each reason is worth a
 * line now and then, not several a second (catalogue 49).
 */

import type { Logger } from './logger.js'

export const REPEAT_MS = 60_000
/** Reasons hold addresses, of which a stranger may have many. */
const MAX_REASONS = 100

/** Logs a reason unless it was logged within the last minute. */
export function refusalLog(
  log: Pick<Logger, 'warn'>,
  now: () => number = () => performance.now(),
): (reason: string) => void {
  const loggedAtMs = new Map<string, number>()
  return (reason) => {
    const before = loggedAtMs.get(reason)
    if (before !== undefined && now() - before < REPEAT_MS) return
    if (loggedAtMs.size >= MAX_REASONS) loggedAtMs.clear()
    loggedAtMs.set(reason, now())
    log.warn({ reason }, 'a stream between members was refused')
  }
}
