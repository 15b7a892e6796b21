/**
 * What is known of refused requests and just so in etcd: it is counted and not held against a run, or
 * every run would end with it and show nothing else.
 */

import { findRoute } from '@holdfast/protocol'
import type { Answer } from './answer.js'
import type { Input } from './input.js'

/** As the state refuses, through the member's own client: in HTTP, and on a WebSocket. */
const WITHOUT_CODE: ReadonlySet<string> = new Set(['500', '101 error 2'])

/** What refused inputs are known to change; undefined for those that must change nothing. */
export function knownChange({ path }: Input, { label }: Answer): string | undefined {
  // As etcd 3.4 does: the lease is granted before it is seen who leads. A request that cannot be read does
  // not come so far.
  return findRoute(path) === 'proclaim' && WITHOUT_CODE.has(label)
    ? 'a refused proclaim without a lease leaves one of its own'
    : undefined
}
