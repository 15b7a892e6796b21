/**
 * Time, as everything between the storage and the sockets takes it, so that a simulation can own it.
 * Only monotonic time: what the wall clock says decides nothing here.
 */

/** Stops what was begun. Calling it late or twice does nothing. */
export type Cancel = () => void

export interface Clock {
  /** Monotonic, in milliseconds since no particular moment. */
  nowMs(): number
  /** Runs the action once, not before `delayMs` are over. */
  after(delayMs: number, action: () => void): Cancel
  /** Runs the action once a period. */
  every(periodMs: number, action: () => void): Cancel
  /** Runs the action once, when what has arrived in the meantime has been read. */
  afterPoll(action: () => void): Cancel
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs)
    return () => clearTimeout(timer)
  },
  every(periodMs, action) {
    const timer = setInterval(action, periodMs)
    return () => clearInterval(timer)
  },
  afterPoll(action) {
    const turn = setImmediate(action)
    return () => clearImmediate(turn)
  },
}
