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

import { HoldfastError, type HoldfastErrorCode } from '@holdfast/protocol'

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

  /** The error for the caller, from the last failure and from what ended the attempts, if anything. */
  summarise(operation: string, ending?: HoldfastError): HoldfastError {
    const last = this.#failures.at(-1)
    const outcome = this.inDoubt ? 'unknown' : 'not-applied'
    if (last === undefined) return ending ?? new HoldfastError('internal', `${operation} failed`)
    if (ending === undefined && last.error.outcome === outcome) return last.error
    const errors = this.#failures.map(({ error }) => error)
    const cause = errors.length === 1 ? errors[0] : new AggregateError(errors, 'each attempt')
    return new HoldfastError(codeOf(last.error, ending), this.#describe(operation, ending), {
      retryable: last.error.retryable,
      outcome,
      cause,
    })
  }

  /** Each endpoint with the last thing that it said. */
  #describe(operation: string, ending: HoldfastError | undefined): string {
    const said = new Map(this.#failures.map(({ endpoint, error }) => [endpoint, error.message]))
    const list = [...said].map(([endpoint, message]) => `${endpoint}: ${message}`).join('; ')
    const attempts = this.failures === 1 ? '1 attempt' : `${this.failures} attempts`
    const why = ending === undefined ? '' : ` (${ending.message})`
    return `${operation} failed after ${attempts}${why}: ${list}`
  }
}

/** A caller who aborted wants to see that; a caller whose time is over wants to know why. */
function codeOf(last: HoldfastError, ending: HoldfastError | undefined): HoldfastErrorCode {
  return ending === undefined || ending.code === 'timeout' ? last.code : ending.code
}
