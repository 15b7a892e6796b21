/**
 * One operation and its attempts: ask a member; on failure ask the next, within the time allowed and
 * only where repeating is harmless. A write of unknown outcome is repeated only with the id that its
 * first attempt carried, and only to a server that recognises it.
 */

import {
  etcdErrors,
  formatRequestId,
  HoldfastError,
  limits,
  requestIdHeader,
  requestRepeatedHeader,
  type ResponseHeader,
} from '@holdfast/protocol'
import pRetry from 'p-retry'
import type { Clock, Moment } from '../time/clock.js'
import { inMs } from '../time/in-ms.js'
import type { Scope } from '../time/scope.js'
import { abortError, backoffMs, pause, type WaitOptions } from '../time/scope.js'
import type { Transport } from '../transport/transport.js'
import { AttemptLog, type Repetition } from './attempt-log.js'
import type { Endpoints } from './endpoints.js'
import type { Features } from './features.js'
import { readResult, type Route } from './route.js'
import type { RetryBudget } from './retry-budget.js'

export interface CallOptions extends WaitOptions {
  readonly repetition: Repetition
  /** Ask this member only, and only once. */
  readonly endpoint?: string
  /** Overrides the configured time for one attempt. */
  readonly attemptTimeoutMs?: number
  /** May be answered by a member that has no leader. */
  readonly withoutLeader?: boolean
}

export interface Reply<Response> {
  readonly response: Response
  /** Who answered. */
  readonly endpoint: string
  /** When the attempt that succeeded was sent. */
  readonly sentAt: Moment
  /** Whether an earlier attempt may still take effect. */
  readonly inDoubt: boolean
}

/** What all calls of a client share. */
export interface CallContext {
  readonly clock: Clock
  readonly transport: Transport
  readonly endpoints: Endpoints
  readonly features: Features
  readonly budget: RetryBudget
  readonly attemptTimeoutMs: number
  readonly latestRevision: number
  /** A scope that the closing of the client aborts too. */
  scope(options: WaitOptions): Scope
  saw(header: ResponseHeader | undefined): void
}

const BACKOFF = { baseMs: 50, capMs: 2_000 }
export const jsonHeaders = { 'content-type': 'application/json' } as const
/**
 * Asks a member that has no leader to say so at once. The request is then known not to have been
 * applied and goes to the next member, in place of a time-out that proves nothing.
 */
export const leaderHeaders = { ...jsonHeaders, 'grpc-metadata-hasleader': 'true' } as const

/** How far an attempt came, which decides what its failure means. */
interface Progress {
  sent: boolean
  identified: boolean
}

export class Call<Request, Response> {
  readonly #context: CallContext
  readonly #route: Route<Request, Response>
  readonly #body: string
  readonly #options: CallOptions
  readonly #log: AttemptLog
  readonly #timeoutMs: number
  readonly #startedAt: number
  /** Members that have no room for it. */
  readonly #full = new Set<string>()
  #requestId: string | undefined
  #mayRepeat = false

  constructor(
    context: CallContext,
    route: Route<Request, Response>,
    body: string,
    options: CallOptions & { readonly timeoutMs: number },
  ) {
    this.#context = context
    this.#route = route
    this.#body = body
    this.#options = options
    this.#log = new AttemptLog(options.repetition)
    this.#timeoutMs = options.timeoutMs
    this.#startedAt = context.clock.now().monotonicMs
  }

  async run(): Promise<Reply<Response>> {
    try {
      return await this.#attempt()
    } catch (error) {
      // Only now: the loop costs more than all else that is done here for an attempt.
      return this.#repeat(error)
    }
  }

  async #repeat(first: unknown): Promise<Reply<Response>> {
    try {
      if (!(await this.#waitForTurn())) throw first
      return await pRetry(() => this.#attempt(), {
        retries: Infinity,
        minTimeout: 0,
        shouldRetry: () => this.#waitForTurn(),
      })
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error
      const { signal } = this.#options
      throw signal?.aborted === true
        ? this.#log.interrupted(this.#route.path, abortError(signal))
        : this.#log.summarise({
            operation: this.#route.path,
            elapsedMs: this.#elapsedMs,
            ending: this.#ending(error),
          })
    }
  }

  async #attempt(): Promise<Reply<Response>> {
    const context = this.#context
    const endpoint = this.#options.endpoint ?? context.endpoints.current
    const progress: Progress = { sent: false, identified: false }
    this.#mayRepeat = false
    using scope = context.scope({ signal: this.#options.signal })
    try {
      scope.throwIfAborted()
      scope.limit(this.#remainingMs)
      const headers = await this.#headers(endpoint, scope, progress)
      progress.sent = true
      const sentAt = context.clock.now()
      const answer = await context.transport.request({
        endpoint,
        method: 'POST',
        path: `/v3${this.#route.path}`,
        headers,
        body: this.#body,
        signal: scope.signal,
        maxBytes: limits.maxResponseBytes,
      })
      const response = readResult(this.#route, endpoint, answer)
      context.saw((response as { readonly header?: ResponseHeader }).header)
      context.budget.succeeded()
      return { response, endpoint, sentAt, inDoubt: this.#log.inDoubt }
    } catch (error) {
      const judged = this.#judge(error, scope, progress)
      throw this.#failed(endpoint, this.#reissued(endpoint, judged), progress)
    }
  }

  async #headers(
    endpoint: string,
    scope: Scope,
    progress: Progress,
  ): Promise<Readonly<Record<string, string>>> {
    const { repetition, withoutLeader } = this.#options
    const headers = withoutLeader === true ? jsonHeaders : leaderHeaders
    if (repetition === 'safe' || repetition === 'afresh') {
      scope.limit(this.#attemptTimeoutMs)
      return headers
    }
    const { requestIds, revision } = await this.#context.features.of(endpoint, scope.signal)
    progress.identified = requestIds
    if (requestIds || repetition === 'repeatable') scope.limit(this.#attemptTimeoutMs)
    if (!requestIds) {
      // The next member does not recognise the id that the one before it may have executed.
      if (repetition === 'once' && this.#log.inDoubt) throw cannotRepeat()
      return headers
    }
    this.#requestId ??= formatRequestId({
      id: this.#context.clock.uniqueId(),
      issuedAtRevision: Math.max(revision, this.#context.latestRevision),
    })
    const identified = { ...headers, [requestIdHeader]: this.#requestId }
    return this.#log.inDoubt ? { ...identified, [requestRepeatedHeader]: 'true' } : identified
  }

  get #attemptTimeoutMs(): number {
    const own = this.#options.attemptTimeoutMs ?? this.#context.attemptTimeoutMs
    return this.#options.endpoint === undefined ? own : Infinity
  }

  get #remainingMs(): number {
    return this.#timeoutMs - this.#elapsedMs
  }

  get #elapsedMs(): number {
    return this.#context.clock.now().monotonicMs - this.#startedAt
  }

  /** What a failure means for the outcome: before anything was sent, nothing can have happened. */
  #judge(error: unknown, scope: Scope, { sent }: Progress): HoldfastError {
    const outcome = sent ? 'unknown' : 'not-applied'
    if (scope.signal.aborted) {
      const { code, message } = abortError(scope.signal)
      const retryable = code === 'timeout' && this.#options.signal?.aborted !== true
      return new HoldfastError(code, message, { retryable, outcome, cause: error })
    }
    if (!(error instanceof HoldfastError)) throw error
    if (sent || error.outcome === 'not-applied') return error
    const { code, message, retryable } = error
    return new HoldfastError(code, message, { retryable, outcome, cause: error.cause })
  }

  /**
   * An id that no earlier attempt has carried was merely issued at a revision long past: nothing was
   * done, and the request goes out again as a new one, issued at the present.
   */
  #reissued(endpoint: string, error: HoldfastError): HoldfastError {
    if (error.code !== 'requestIdExpired' || this.#log.inDoubt) return error
    this.#requestId = undefined
    this.#context.features.forget(endpoint)
    const { code, message } = error
    return new HoldfastError(code, message, {
      retryable: true,
      outcome: 'not-applied',
      cause: error,
    })
  }

  #failed(endpoint: string, error: HoldfastError, { identified }: Progress): HoldfastError {
    if (error.retryable && error.code !== 'requestIdExpired') {
      this.#context.endpoints.failed(endpoint)
      // A member that answers is still the same one.
      if (error.code !== 'noQuorum') this.#context.features.forget(endpoint)
    }
    const again =
      this.#log.failed(endpoint, error, identified) || this.#mayHaveRoomElsewhere(endpoint, error)
    this.#mayRepeat = again && this.#options.endpoint === undefined
    return error
  }

  /**
   * A member of ours judges by its own disk, so each is asked once. Where there is an alarm, as always
   * on an etcd, all of them say the same.
   */
  #mayHaveRoomElsewhere(endpoint: string, { message }: HoldfastError): boolean {
    if (message !== etcdErrors.noSpace.message) return false
    const { endpoints } = this.#context
    endpoints.failed(endpoint)
    this.#full.add(endpoint)
    return this.#full.size < endpoints.all.length
  }

  async #waitForTurn(): Promise<boolean> {
    if (!this.#mayRepeat) return false
    const { clock, budget } = this.#context
    const delayMs = backoffMs(clock, this.#log.failures, BACKOFF) + budget.takeMs()
    if (delayMs >= this.#remainingMs) return false
    using scope = this.#context.scope({ signal: this.#options.signal })
    try {
      await pause(clock, delayMs, scope.signal)
      return true
    } catch {
      return false
    }
  }

  /** Why there was no further attempt, if it was not the last failure itself. */
  #ending({ code }: HoldfastError): string | undefined {
    return code === 'closed' || !this.#mayRepeat
      ? undefined
      : `gave up within ${inMs(this.#timeoutMs)}`
  }
}

function cannotRepeat(): HoldfastError {
  return new HoldfastError('unavailable', 'this member does not recognise request ids')
}
