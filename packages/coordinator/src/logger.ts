/** Structured lines on standard error, written without ever blocking the event loop. */

import { destination, pino, type Logger } from 'pino'
import type { LogLevel } from './coordinator-options.js'

export type { Logger }

export function createLogger(level: LogLevel, bindings: Record<string, string>): Logger {
  return pino(
    { level, base: bindings, timestamp: pino.stdTimeFunctions.isoTime },
    // Asynchronous: a blocked log pipe must not hold up reads (etcd #22214).
    destination({ fd: 2, sync: false }),
  )
}
