/**
 * From whatever was thrown to one line, a code that programs can match on, and an exit code. Every
 * failure of every command passes through here.
 */

import { CommanderError } from 'commander'
import { HoldfastError, type HoldfastErrorCode } from '@holdfast/client'
import { CoordinatorOptionsError } from '@holdfast/coordinator'
import { exitCode } from './exit-code.js'
import { UsageError } from './usage-error.js'

export interface Failure {
  readonly exit: number
  readonly code: string
  /** One line. */
  readonly message: string
  /** Whether a request may have taken effect; absent when nothing was requested. */
  readonly outcome?: 'not-applied' | 'unknown'
}

/** A member that cannot start, for a reason that lies outside of the program. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof HoldfastError) {
    const { code, outcome } = error
    return { exit: exitOf(code), code, message: oneLine(error.message), outcome }
  }
  const message = oneLine(error instanceof Error ? error.message : String(error))
  if (isUsage(error)) return { exit: exitCode.usage, code: 'usage', message }
  if (error instanceof StartError) return { exit: exitCode.failed, code: error.code, message }
  return { exit: exitCode.internal, code: 'internal', message: `internal error: ${message}` }
}

function isUsage(error: unknown): boolean {
  return (
    error instanceof UsageError ||
    error instanceof CommanderError ||
    error instanceof CoordinatorOptionsError
  )
}

function exitOf(code: HoldfastErrorCode): number {
  return exits[code] ?? exitCode.failed
}

const exits: Partial<Record<HoldfastErrorCode, number>> = {
  invalidArgument: exitCode.usage,
  connectionFailed: exitCode.unavailable,
  unavailable: exitCode.unavailable,
  noQuorum: exitCode.unavailable,
  timeout: exitCode.unavailable,
  deadlineExceeded: exitCode.unavailable,
  badResponse: exitCode.unavailable,
  acquireTimeout: exitCode.busy,
  lockLost: exitCode.lost,
  sessionLost: exitCode.lost,
  leaseNotFound: exitCode.negative,
}

/** Libraries write messages of several lines; a log or a terminal wants one. */
export function oneLine(message: string): string {
  return message
    .replace(/^error: /, '')
    .replace(/\s*[\r\n]+\s*/g, ' ')
    .trim()
}
