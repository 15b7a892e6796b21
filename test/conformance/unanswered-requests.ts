/**
 * Requests that nobody answers, or that would change what a sequence of requests stands on: whoever
 * mutates requests leaves out those that it has become.
 */

import { findRoute, parseFirstJson, routes, type RouteName } from '@holdfast/protocol'
import type { WireRequest } from './wire-request.js'

/**
 * It is refused, or answered and over; it raises no alarm, and is of no lease that would be drawn, by
 * which its key would be named.
 */
export function isAnswered({ path, body }: WireRequest): boolean {
  const name = findRoute(path)
  const message = name && decoded(name, body)
  if (message === undefined) return true
  if (ENDLESS.has(name)) return false
  const { lease } = { ...message, ...(message['leader'] as Readonly<Record<string, unknown>>) }
  if (OF_A_LEASE.has(name)) return lease !== '0'
  return name !== 'alarm' || message['action'] !== 'ACTIVATE'
}

/** Streams that go on, or that nobody ever answers (etcd #12333). */
const ENDLESS: ReadonlySet<RouteName | undefined> = new Set(['watch', 'observe', 'snapshot'])

const OF_A_LEASE: ReadonlySet<RouteName | undefined> = new Set([
  ...(['lock', 'campaign', 'proclaim', 'resign'] as const),
])

/** Undefined when it is refused for what it says. */
function decoded(name: RouteName, body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return routes[name].request.decode(parseFirstJson(body))
  } catch {
    return undefined
  }
}
