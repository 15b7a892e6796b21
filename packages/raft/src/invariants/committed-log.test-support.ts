/**
 * The one log that there must be: everything that is committed, as the leader that committed it had
 * it. Nobody inside the cluster knows it; the invariants compare the members with it.
 */

import type { Entry } from '../entry.js'
import { decodeMembership, type Membership, type MembershipAt } from '../membership.js'

export class CommittedLog {
  readonly entries: Entry[] = []
  readonly #memberships: MembershipAt[]

  constructor(initial: Membership) {
    this.#memberships = [{ index: 0, membership: initial }]
  }

  get length(): number {
    return this.entries.length
  }

  at(index: number): Entry | undefined {
    return this.entries[index - 1]
  }

  push(entry: Entry): void {
    this.entries.push(entry)
    if (entry.kind !== 'membership') return
    this.#memberships.push({ index: entry.index, membership: decodeMembership(entry.data) })
  }

  get newestMembership(): MembershipAt {
    return this.#memberships.at(-1)!
  }

  /** In force at `index`, which is committed. */
  membershipAt(index: number): Membership {
    return this.#memberships.findLast((one) => one.index <= index)!.membership
  }
}
