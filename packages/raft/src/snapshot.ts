/** A snapshot, as far as the core knows it: what it stands for, not what is in it (Raft §7). */

import type { Membership } from './membership.js'

export interface Snapshot {
  /** The last entry that it replaces. */
  readonly index: number
  readonly term: number
  /** In force at `index`; a snapshot carries it, since its entry may be gone (thesis §5.1.1). */
  readonly membership: Membership
}
