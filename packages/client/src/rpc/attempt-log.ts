/**
 * What became of the attempts of one request, and whether another is allowed.
 *
 * Whether a request may be repeated depends on what repeating does:
 * - `safe`: it changes nothing (a read), or renews what it renewed (a keepalive).
 * - `repeatable`: its own conditions make a second execution harmless, such as "create this unique
 *   key, else read it".
 * - `once`: anything else. It is repeated only if the failed attempt certainly had no effect, or if
 *   the server recognises the id that every attempt carries.
 */

import { HoldfastError } from '@holdfast/protocol'

export type Repetition = 'safe' | 'repeatable' | 'once'

interface FailedAttempt {
  readonly endpoint: string
  readonly error: HoldfastError
}

export class AttemptLog {
  readonly #repetition: Repetition
  readonly #failures: FailedAttempt[] = []
  /** Whether some attempt may have taken effect, or may still do so. */
  inDoubt = false

  constructor(repetition: Repetition) {
    this.#repetition = repetition
  }

  get failures(): number {
    return this.#failures.length
  }

  /** Notes a failure and says whether to try again. */
  failed(endpoint: string, error: HoldfastError, identified: boolean): boolean {
    this.#failures.push({ endpoint, error })
    const unknown = error.outcome === 'unknown' && this.#repetition !== 'safe'
    if (unknown) this.inDoubt = true
    if (!error.retryable) return false
    return !unknown || identified || this.#repetition === 'repeatable'
  }

  /** The error for the caller whose own signal ended the attempts. */
  interrupted(operation: string, reason: HoldfastError): HoldfastError {
    if (!this.inDoubt) return reason
    return new HoldfastError(reason.code, `${operation}: ${reason.message}`, {
      retryable: reason.retryable,
      outcome: 'unknown',
      cause: reason.cause ?? reason,
    })
  }

  /** The error for the caller after the last attempt, or when the time for another was over. */
  summarise(operation: string, ending: string | undefined): HoldfastError {
    const last = this.#failures.at(-1)
    const outcome = this.inDoubt ? 'unknown' : 'not-applied'
    if (last === undefined) return new HoldfastError('internal', `${operation} was not attempted`)
    if (ending === undefined && last.error.outcome === outcome) return last.error
    const errors = this.#failures.map(({ error }) => error)
    const cause = errors.length === 1 ? errors[0] : new AggregateError(errors, 'each attempt')
    const { code, retryable } = last.error
    const message = this.#describe(operation, ending)
    return new HoldfastError(code, message, { retryable, outcome, cause })
  }

  /** Each endpoint with the last thing that it said. */
  #describe(operation: string, ending: string | undefined): string {
    const said = new Map(this.#failures.map(({ endpoint, error }) => [endpoint, error.message]))
    const list = [...said].map(([endpoint, message]) => `${endpoint}: ${message}`).join('; ')
    const attempts = this.failures === 1 ? '1 attempt' : `${this.failures} attempts`
    const why = ending === undefined ? '' : ` (${ending})`
    return `${operation} failed after ${attempts}${why}: ${list}`
  }
}
