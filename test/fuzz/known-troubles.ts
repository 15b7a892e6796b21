/**
 * What is known of refused requests, and not mended, or just so in etcd: it is counted and not held
 * against a run, or every run would end with it and show nothing else. An entry goes when what it names
 * is mended.
 */

import { findRoute, type RouteName } from '@holdfast/protocol'
import type { Answer } from './answer.js'
import type { Input } from './input.js'

/** They take an empty message for a request. */
const servedEmpty: ReadonlySet<RouteName | undefined> = new Set(['leaseGrant', 'lock', 'campaign'])

/** What refused inputs are known to change; undefined for those that must change nothing. */
export function knownChange({ kind, path }: Input, { isClosed }: Answer): string | undefined {
  const route = findRoute(path)
  if (kind === 'websocket' && isClosed && servedEmpty.has(route)) {
    return 'a WebSocket that ends before its first message is served an empty one'
  }
  // As etcd 3.4 does: the lease is granted before it is seen who leads.
  return route === 'proclaim'
    ? 'a refused proclaim without a lease leaves one of its own'
    : undefined
}

const REUSED_ID = 'a request id that was used for another command is a defect'

export function knownAnswer({ kind, pieces }: Input, { label }: Answer): string | undefined {
  if (kind !== 'http' || label !== '500') return undefined
  return /idempotency-key/i.test(Buffer.concat(pieces).toString('latin1')) ? REUSED_ID : undefined
}

export function knownComplaint(line: string): string | undefined {
  return /"a \w+ gave the result of a \w+"/.test(line) ? REUSED_ID : undefined
}
