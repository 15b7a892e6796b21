/** For an operation of several requests, of which one after another takes from the time allowed. */

import { elapsedMs, type Clock, type Moment } from '../time/clock.js'
import type { WaitOptions } from '../time/scope.js'

/** What is left of a wait that began at that moment. */
export function remaining(options: WaitOptions, clock: Clock, since: Moment): WaitOptions {
  const { signal, timeoutMs } = options
  if (timeoutMs === undefined) return { signal }
  return { signal, timeoutMs: Math.max(0, timeoutMs - elapsedMs(clock, since)) }
}
