/** Waiting, by whoever's clock it is. */

import type { Clock } from './clock.js'

/** Resolves when the time is over, or when the signal aborts. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve()
      return
    }
    const end = (): void => {
      cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const cancel = clock.after(delayMs, end)
    signal?.addEventListener('abort', end)
  })
}

/** What the promise gives; undefined if it rejects, or when the time is over. */
export async function inTime<T>(
  clock: Clock,
  promise: Promise<T>,
  timeoutMs: number,
): Promise<T | undefined> {
  const settled = new AbortController()
  try {
    return await Promise.race([
      promise,
      pause(clock, timeoutMs, settled.signal).then(() => undefined),
    ])
  } catch {
    return undefined
  } finally {
    settled.abort()
  }
}
