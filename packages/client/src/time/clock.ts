/**
 * Time and chance, as everything here takes them, so that tests can own both.
 *
 * A hold is judged by the monotonic clock, because the wall clock may be set. But the monotonic one
 * stands still while the machine sleeps (on Linux), so elapsed time is the longer of the two: a
 * wall clock that was set forward can then only end a hold too early, which is safe.
 */

import { nanoid } from 'nanoid'

/** A moment on both clocks. */
export interface Moment {
  readonly monotonicMs: number
  readonly wallMs: number
}

export interface TimerOptions {
  /** A background timer does not keep an otherwise finished process alive. */
  readonly background?: boolean
}

export interface Clock {
  now(): Moment
  /** Runs the action once, not before `delayMs` are over. Returns what cancels it. */
  schedule(delayMs: number, action: () => void, options?: TimerOptions): () => void
  /** In [0, 1). */
  random(): number
  /** A text of this length, by default 21, that nobody else draws. */
  uniqueId(length?: number): string
}

/** The time since a moment, a machine's sleep included. */
export function elapsedMs(clock: Clock, since: Moment): number {
  const now = clock.now()
  return Math.max(now.monotonicMs - since.monotonicMs, now.wallMs - since.wallMs)
}

/** setTimeout fires at once when asked for more than this. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),
  schedule(delayMs, action, options) {
    const timer: unknown = setTimeout(action, Math.min(delayMs, MAX_TIMER_MS))
    // Only Node's timers hold the process, and only they can be told not to.
    if (options?.background === true) (timer as { unref?: () => void }).unref?.()
    return () => {
      clearTimeout(timer as number)
    }
  },
  random: () => Math.random(),
  uniqueId: (length) => nanoid(length),
}
