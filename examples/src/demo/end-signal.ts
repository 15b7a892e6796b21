/**
 * SIGINT and SIGTERM, for a program that has processes of its own to end before it ends. Whatever
 * comes after the first is ignored: npm passes on the SIGINT that the terminal has sent already.
 */

import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export interface EndSignal {
  /** Aborts with the first of them. */
  readonly signal: AbortSignal
  /** What a shell shows of a program that the signal ended; undefined while there was none. */
  readonly exitCode: number | undefined
}

export function listenForEnd(): EndSignal {
  const controller = new AbortController()
  let exitCode: number | undefined
  for (const name of SIGNALS) {
    process.on(name, () => {
      exitCode ??= 128 + constants.signals[name]
      controller.abort(new Error(`ended by ${name}`))
    })
  }
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
  }
}
