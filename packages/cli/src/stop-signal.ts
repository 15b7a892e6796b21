/** A wait that the process's stop signals end, as an AbortSignal for the SDK. */

import { exitCodeOfSignal } from './exit-code.js'
import type { Io, StopSignal } from './io.js'

export interface Stop extends Disposable {
  readonly signal: AbortSignal
  /** Resolves with the signal that came first. */
  readonly heard: Promise<StopSignal>
  /** The exit code of who is ended by it; undefined as long as none came. */
  readonly exit: number | undefined
}

const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const

export function listenForStop(io: Io): Stop {
  const controller = new AbortController()
  let exit: number | undefined
  let resolve: (signal: StopSignal) => void = () => undefined
  const heard = new Promise<StopSignal>((settle) => (resolve = settle))
  const end = io.onSignal(STOPS, (signal) => {
    exit ??= exitCodeOfSignal(signal)
    resolve(signal)
    controller.abort()
  })
  return {
    signal: controller.signal,
    heard,
    get exit() {
      return exit
    },
    [Symbol.dispose]: end,
  }
}
