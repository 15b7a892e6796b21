/**
 * What is known of refused requests and just so in etcd: it is counted and not held against a run, or
 * every run would end with it and show nothing else.
 */

import { findRoute } from '@holdfast/protocol'
import type { Input } from './input.js'

/** What refused inputs are known to change; undefined for those that must change nothing. */
export function knownChange({ path }: Input): string | undefined {
  // As etcd 3.4 does: the lease is granted before it is seen who leads.
  return findRoute(path) === 'proclaim'
    ? 'a refused proclaim without a lease leaves one of its own'
    : undefined
}
