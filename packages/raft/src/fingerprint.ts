/**
 * Tells entries apart that claim to be the same. Index and term name one entry (Log Matching), as long
 * as a term has one leader. When a member has lost its vote, as when an old copy of its disk was put
 * back, a term may have two; then logs differ where the consistency check sees no difference, and so
 * would the members' states, for good.
 *
 * So a leader that looks for where a follower's log agrees with its own says what the entry before
 * its message holds, and entries that are held already are compared when they come again. Of two logs
 * that differ in that way the first message between them speaks of the last entry that both have.
 */

import type { Entry } from './entry.js'

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** FNV-1a of the kind and the data, an unsigned 32-bit integer. */
export function fingerprint({ kind, data }: Entry): number {
  let hash = Math.imul(FNV_OFFSET ^ kind.charCodeAt(0), FNV_PRIME)
  for (const byte of data) hash = Math.imul(hash ^ byte, FNV_PRIME)
  return hash >>> 0
}

export function differs({ index, term }: Pick<Entry, 'index' | 'term'>): string {
  return (
    `entry ${index} of term ${term} is another one here than in the leader's log: a term had two ` +
    'leaders, because a member had forgotten its vote'
  )
}
