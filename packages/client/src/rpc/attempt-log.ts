/**
 * What became of the attempts of one request, and whether another is allowed.
 *
 * Whether a request may be repeated depends on what repeating does:
 * - `safe`: it changes nothing (a read), or renews what it renewed (a keepalive).
 * - `repeatable`: its own conditions make a second execution harmless, such as "create this unique
 *   key, else read it".
 * - `afresh`: each execution makes something of its own, whose life begins then, and which goes by
 *   itself when nobody was told of it: a lease under any id. An answer to an earlier execution would
 *   say nothing of the time that is left, so no id leads to one.
 * - `once`: anything else. It is repeated only if the failed attempt certainly had no effect, or if
 *   the server recognises the id that every attempt carries.
 */

import { HoldfastError } from '@holdfast/protocol'
import { inMs } from '../time/in-ms.js'

export type Repetition = 'safe' | 'repeatable' | 'afresh' | 'once'

/** What happened, as a message tells it. */
interface Course {
  readonly operation: string
  readonly elapsedMs: number
  /** Why there was no further attempt, if it was not the last failure itself. */
  readonly ending: string | undefined
}

export class AttemptLog {
  readonly #repetition: Repetition
  /** The last thing that each endpoint said. */
  readonly #said = new Map<string, HoldfastError>()
  #last: HoldfastError | undefined
  failures = 0
  /** Whether some attempt may have taken effect, or may still do so. */
  inDoubt = false

  constructor(repetition: Repetition) {
    this.#repetition = repetition
  }

  /** Notes a failure and says whether to try again. */
  failed(endpoint: string, error: HoldfastError, identified: boolean): boolean {
    this.failures++
    this.#last = error
    this.#said.set(endpoint, error)
    const unknown = error.outcome === 'unknown' && this.#repetition !== 'safe'
    if (unknown) this.inDoubt = true
    if (!error.retryable) return false
    return !unknown || identified || this.#repetition !== 'once'
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
  summarise(course: Course): HoldfastError {
    const { operation, ending } = course
    const last = this.#last
    const outcome = this.inDoubt ? 'unknown' : 'not-applied'
    if (last === undefined) return new HoldfastError('internal', `${operation} was not attempted`)
    // The last attempt's own time says nothing of how long all took.
    const tellsAll = this.failures === 1 || last.code !== 'timeout'
    if (ending === undefined && last.outcome === outcome && tellsAll) return last
    const errors = [...this.#said.values()]
    const cause = errors.length === 1 ? last : new AggregateError(errors, 'of each endpoint')
    const { code, retryable } = last
    const message = this.#describe(course)
    return new HoldfastError(code, message, { retryable, outcome, cause })
  }

  #describe({ operation, elapsedMs, ending }: Course): string {
    const list = [...this.#said].map(([endpoint, { message }]) => `${endpoint}: ${message}`)
    const attempts = this.failures === 1 ? '1 attempt' : `${this.failures} attempts`
    const why = ending === undefined ? '' : ` (${ending})`
    return `${operation} failed after ${attempts} in ${inMs(elapsedMs)}${why}: ${list.join('; ')}`
  }
}
