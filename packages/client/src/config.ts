/** The options of `connect`, validated and defaulted in one place. */

import { HoldfastError } from '@holdfast/protocol'
import type { Transport } from './transport/transport.js'

export interface ConnectOptions {
  /**
   * Where the cluster is: origins such as `http://127.0.0.1:2379`, of any members. One is used until
   * it fails, then the next; list several, so that there is a next.
   */
  readonly endpoints: string | readonly string[]
  /**
   * `auto`: pooled connections under Node, `fetch` elsewhere. Default `auto`.
   */
  readonly transport?: 'auto' | 'fetch' | Transport
  /**
   * How long one operation may take in all, retries and the search for a leader included, where the
   * call does not say `timeoutMs`. Default 15 000: an etcd needs up to 7 to find that it has no leader.
   */
  readonly requestTimeoutMs?: number
  /**
   * How long to wait for one member before asking the next, where asking again is safe. Default 4 000.
   */
  readonly attemptTimeoutMs?: number
  /**
   * Seconds without a sign of life after which the cluster gives up what this client holds. Default 10.
   * Lower means a faster take-over after a crash, and locks that are lost in shorter outages. etcd
   * raises it to 2 at least.
   */
  readonly sessionTtlSeconds?: number
  /** Shown to whoever asks who holds a lock. */
  readonly label?: string
}

export interface Config {
  readonly endpoints: readonly string[]
  readonly transport: 'auto' | 'fetch' | Transport
  readonly requestTimeoutMs: number
  readonly attemptTimeoutMs: number
  readonly sessionTtlSeconds: number
  readonly label: string | undefined
}

/** @throws {HoldfastError} `invalidArgument` */
export function resolveConfig(options: ConnectOptions): Config {
  const endpoints = typeof options.endpoints === 'string' ? [options.endpoints] : options.endpoints
  if (endpoints.length === 0) throw invalid('connect needs at least one endpoint')
  return Object.freeze({
    endpoints: [...new Set(endpoints.map(originOf))],
    transport: options.transport ?? 'auto',
    requestTimeoutMs: positive('requestTimeoutMs', options.requestTimeoutMs ?? 15_000),
    attemptTimeoutMs: positive('attemptTimeoutMs', options.attemptTimeoutMs ?? 4_000),
    sessionTtlSeconds: wholeSeconds(options.sessionTtlSeconds ?? 10),
    label: options.label,
  })
}

/**
 * An endpoint written as etcd's tools take it, with or without a scheme.
 *
 * @throws {HoldfastError} `invalidArgument`
 */
export function originOf(endpoint: string): string {
  const text = /^[a-z]+:\/\//i.test(endpoint) ? endpoint : `http://${endpoint}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid(`not an endpoint: ${endpoint}`)
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw invalid(`an endpoint has no path: ${endpoint}`)
  }
  return url.origin
}

function positive(name: string, value: number): number {
  if (!(value > 0)) throw invalid(`${name} must be greater than 0`)
  return value
}

function wholeSeconds(value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw invalid('sessionTtlSeconds must be a whole number of seconds, at least 1')
  }
  return value
}

function invalid(message: string): HoldfastError {
  return new HoldfastError('invalidArgument', message, { outcome: 'not-applied' })
}
