/**
 * One wait, and everything that may end it: the caller's signal, a time limit, the loss of a session,
 * the closing of the client. Whatever comes first aborts the scope's signal with an error of ours as
 * the reason; disposing of it removes every listener and timer that it set.
 */

import { HoldfastError } from '@holdfast/protocol'
import { onAbort } from './abort-followers.js'
import type { Clock, TimerOptions } from './clock.js'
import { inMs } from './in-ms.js'

export interface WaitOptions {
  /** Ends the wait: it rejects with a HoldfastError of code `aborted`, the reason as its cause. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds after which the wait is given up. */
  readonly timeoutMs?: number | undefined
}

export class Scope implements Disposable {
  readonly #clock: Clock
  readonly #controller = new AbortController()
  readonly #cleanups: (() => void)[] = []

  constructor(clock: Clock, options: WaitOptions = {}) {
    this.#clock = clock
    if (options.signal !== undefined) this.follow(options.signal)
    if (options.timeoutMs !== undefined) this.limit(options.timeoutMs)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(reason: HoldfastError): void {
    this.#controller.abort(reason)
  }

  /** Aborts, with an error of code `timeout`, when the time is over. */
  limit(timeoutMs: number): void {
    if (this.signal.aborted || timeoutMs === Infinity) return
    this.onDispose(this.#clock.schedule(timeoutMs, () => this.abort(timeoutError(timeoutMs))))
  }

  /** Aborts when the other signal does. */
  follow(source: AbortSignal): void {
    const end = (): void => this.abort(abortError(source))
    if (source.aborted) {
      end()
      return
    }
    this.onDispose(onAbort(source, end))
  }

  onDispose(cleanup: () => void): void {
    this.#cleanups.push(cleanup)
  }

  throwIfAborted(): void {
    if (this.signal.aborted) throw abortError(this.signal)
  }

  [Symbol.dispose](): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup()
  }
}

/** What a wait that this signal ended rejects with. */
export function abortError(signal: AbortSignal): HoldfastError {
  const reason: unknown = signal.reason
  if (reason instanceof HoldfastError) return reason
  return new HoldfastError('aborted', 'the caller aborted the wait', {
    outcome: 'not-applied',
    cause: reason,
  })
}

function timeoutError(timeoutMs: number): HoldfastError {
  return new HoldfastError('timeout', `timed out after ${inMs(timeoutMs)}`, {
    outcome: 'not-applied',
  })
}

/** The promise's result, unless the signal aborts first. The promise itself goes on, and may fail. */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => undefined)
    throw abortError(signal)
  }
  let unfollow: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    unfollow = onAbort(signal, () => reject(abortError(signal)))
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    unfollow?.()
  }
}

/** Waits, and rejects early if the signal aborts. */
export async function pause(
  clock: Clock,
  delayMs: number,
  signal: AbortSignal,
  options?: TimerOptions,
): Promise<void> {
  let cancel: (() => void) | undefined
  const elapsed = new Promise<void>((resolve) => {
    cancel = clock.schedule(delayMs, resolve, options)
  })
  try {
    await orAbort(elapsed, signal)
  } finally {
    cancel?.()
  }
}

/** Full jitter: evenly between nothing and a bound that doubles with each failure. */
export function backoffMs(
  clock: Clock,
  failures: number,
  { baseMs, capMs }: { readonly baseMs: number; readonly capMs: number },
): number {
  return clock.random() * Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30))
}
