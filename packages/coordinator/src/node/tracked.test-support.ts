/** Looks at promises without waiting for them: what is still pending is as telling as what is not. */

import { expect } from 'vitest'

export interface Tracked<T> {
  state: 'pending' | 'fulfilled' | 'rejected'
  value?: T
  error?: unknown
}

export function track<T>(promise: Promise<T>): Tracked<T> {
  const tracked: Tracked<T> = { state: 'pending' }
  promise.then(
    (value) => Object.assign(tracked, { state: 'fulfilled', value }),
    (error: unknown) => Object.assign(tracked, { state: 'rejected', error }),
  )
  return tracked
}

/** One turn of the event loop, in which everything that is already settled is told. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** What must become true, on a busy machine too; a test that fails waits for nothing else. */
export function eventually<T>(probe: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(probe, { timeout: 15_000, interval: 10 })
}
