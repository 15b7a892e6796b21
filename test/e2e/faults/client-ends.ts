/** How long clients are waited for, and when they are let go of. */

import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits until everything that runs has ended. After `patienceMs` it complains and tells the rest to give
 * up; what has not ended when as much time has passed again is left alone. Nothing of the waiting is
 * left behind, or it would keep the program alive after its last word.
 */
export async function awaitEnds(
  running: readonly Promise<void>[],
  {
    givenUp,
    patienceMs,
    complain,
  }: {
    readonly givenUp: AbortController
    readonly patienceMs: number
    readonly complain: () => void
  },
): Promise<void> {
  const over = new AbortController()
  const passes = (signal: AbortSignal): Promise<boolean> =>
    delay(patienceMs, false, { signal }).catch(() => false)
  const ended = Promise.all(running).then(() => true)
  try {
    if (await Promise.race([ended, passes(AbortSignal.any([over.signal, givenUp.signal]))])) return
    if (!givenUp.signal.aborted) {
      complain()
      givenUp.abort()
    }
    await Promise.race([ended, passes(over.signal)])
  } finally {
    over.abort()
  }
}
