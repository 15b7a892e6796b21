/**
 * Keeps the process alive for work that the event loop does not see: a function that waits for its
 * signal has no timer and no socket of its own, and Node would end the process in the middle of it,
 * without a word.
 */

import type { Clock } from './clock.js'

/** Often enough for any limit of timers, and too seldom to cost anything. */
const INTERVAL_MS = 24 * 60 * 60 * 1000

/** Returns what lets the process end again. */
export function stayAlive(clock: Clock): () => void {
  let cancel: () => void
  const wait = (): void => {
    cancel = clock.schedule(INTERVAL_MS, wait)
  }
  wait()
  return () => cancel()
}
