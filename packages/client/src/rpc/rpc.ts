/**
 * The one way to the cluster. `call` is an operation with its retries; `open` is one stream to one
 * member, whose resuming is the watch's business.
 */

import { HoldfastError, limits, type ResponseHeader } from '@holdfast/protocol'
import type { Config } from '../config.js'
import type { Clock } from '../time/clock.js'
import { Scope, type WaitOptions } from '../time/scope.js'
import type { Transport, TransportResponse, TransportStream } from '../transport/transport.js'
import {
  Call,
  jsonHeaders,
  leaderHeaders,
  type CallContext,
  type CallOptions,
  type Reply,
} from './call.js'
import { Endpoints } from './endpoints.js'
import { Features } from './features.js'
import { RetryBudget } from './retry-budget.js'
import type { Route } from './route.js'

const VERSION_TIMEOUT_MS = 3_000

export class Rpc implements CallContext {
  readonly clock: Clock
  readonly transport: Transport
  readonly endpoints: Endpoints
  readonly features: Features
  readonly budget: RetryBudget
  readonly attemptTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly #scopes = new Set<Scope>()
  #latestRevision = 0
  #closed = false

  constructor(config: Config, transport: Transport, clock: Clock) {
    this.clock = clock
    this.transport = transport
    this.endpoints = new Endpoints(config.endpoints, clock.random())
    this.features = new Features((endpoint) => this.get(endpoint, '/version'))
    this.budget = new RetryBudget(clock)
    this.attemptTimeoutMs = config.attemptTimeoutMs
    this.requestTimeoutMs = config.requestTimeoutMs
  }

  /** The newest revision seen in any answer. */
  get latestRevision(): number {
    return this.#latestRevision
  }

  saw(header: ResponseHeader | undefined): void {
    if (header !== undefined && header.revision > this.#latestRevision) {
      this.#latestRevision = header.revision
    }
  }

  /** @throws {HoldfastError} whose `outcome` says whether the request may have taken effect. */
  async call<Request, Response>(
    route: Route<Request, Response>,
    input: Request,
    options: CallOptions,
  ): Promise<Reply<Response>> {
    const body = JSON.stringify(route.request.encode(input))
    const timeoutMs = options.timeoutMs ?? this.requestTimeoutMs
    return new Call(this, route, body, { ...options, timeoutMs }).run()
  }

  /** As `call`, for who needs nothing but the answer. */
  async ask<Request, Response>(
    route: Route<Request, Response>,
    input: Request,
    options: CallOptions,
  ): Promise<Response> {
    return (await this.call(route, input, options)).response
  }

  /**
   * Opens a stream to one member, which ends it when it has no leader, unless that does not matter. It
   * ends with the scope, which ends with the client.
   */
  open(
    endpoint: string,
    path: string,
    body: string,
    { scope, withoutLeader = false }: { readonly scope: Scope; readonly withoutLeader?: boolean },
  ): Promise<TransportStream> {
    return this.transport.stream({
      endpoint,
      method: 'POST',
      path: `/v3${path}`,
      headers: withoutLeader ? jsonHeaders : leaderHeaders,
      body,
      signal: scope.signal,
    })
  }

  async get(endpoint: string, path: string): Promise<TransportResponse> {
    using scope = this.scope({ timeoutMs: VERSION_TIMEOUT_MS })
    scope.throwIfAborted()
    return await this.transport.request({
      endpoint,
      method: 'GET',
      path,
      headers: {},
      signal: scope.signal,
      maxBytes: limits.maxRequestBytes,
    })
  }

  scope(options: WaitOptions): Scope {
    const scope = new Scope(this.clock, options)
    if (this.#closed) scope.abort(closedError())
    this.#scopes.add(scope)
    scope.onDispose(() => this.#scopes.delete(scope))
    return scope
  }

  /** Ends everything that is under way: it rejects with a HoldfastError of code `closed`. */
  async close(): Promise<void> {
    this.#closed = true
    for (const scope of [...this.#scopes]) scope.abort(closedError())
    await this.transport.close()
  }
}

export function closedError(): HoldfastError {
  return new HoldfastError('closed', 'the client is closed', { outcome: 'not-applied' })
}
