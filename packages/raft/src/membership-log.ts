/**
 * The memberships along the log: which one is in force, which one was at an earlier index, and which
 * one is again when entries are truncated (thesis §4.1; a change that was lost with its entry must
 * not stay in force).
 *
 * Invariant: indexes rise, and the newest membership whose entry is in the log is the one in force.
 */

import type { Entry } from './entry.js'
import { invariant } from './invariant.js'
import type { MemberId } from './member-id.js'
import {
  checkMembership,
  decodeMembership,
  type Membership,
  type MembershipAt,
} from './membership.js'

export class MembershipLog {
  #history: MembershipAt[]
  #changed = false

  /** `history`: that of the start or of the snapshot first, then those of the log's entries. */
  constructor(history: readonly MembershipAt[]) {
    invariant(history.length > 0, 'a member knows a membership')
    for (const { membership } of history) checkMembership(membership)
    this.#history = [...history]
  }

  get current(): MembershipAt {
    const newest = this.#history.at(-1)
    invariant(newest !== undefined, 'a member knows a membership')
    return newest
  }

  /**
   * Whether `id` may ask for votes: as a voter; or, while its removal is not known to be committed,
   * as one that was a voter before. It may be the only one whose log can win (thesis §4.2.2).
   */
  mayCampaign(id: MemberId, commitIndex: number): boolean {
    const { index, membership } = this.current
    if (membership.voters.includes(id)) return true
    const before = this.#history.at(-2)
    return commitIndex < index && before?.membership.voters.includes(id) === true
  }

  /** The membership in force at `index`, which is not below the oldest one that is known. */
  at(index: number): Membership {
    return this.newestAt(index).membership
  }

  /** The same, with the index of its entry. */
  newestAt(index: number): MembershipAt {
    const found = this.#history.findLast((one) => one.index <= index)
    invariant(found !== undefined, `the membership at index ${index} is not known any more`)
    return found
  }

  onAppended(entries: readonly Entry[]): void {
    for (const { index, kind, data } of entries) {
      if (kind !== 'membership') continue
      invariant(index > this.current.index, 'memberships are appended in order')
      this.#history.push({ index, membership: decodeMembership(data) })
      this.#changed = true
    }
  }

  /** The entries from `from` on are gone. */
  onTruncated(from: number): void {
    const kept = this.#history.filter(({ index }) => index < from)
    if (kept.length === this.#history.length) return
    this.#history = kept
    this.#changed = true
  }

  /** The log begins anew behind a snapshot. */
  restore(snapshot: MembershipAt): void {
    checkMembership(snapshot.membership)
    this.#history = [snapshot]
    this.#changed = true
  }

  /** Nobody will ask for a membership before that of `index` again: the log was compacted to it. */
  forgetBefore(index: number): void {
    const oldest = this.#history.findLastIndex((one) => one.index <= index)
    if (oldest > 0) this.#history.splice(0, oldest)
  }

  /** The membership in force, if it changed since the last call. */
  takeChanged(): MembershipAt | undefined {
    if (!this.#changed) return undefined
    this.#changed = false
    return this.current
  }

  get hasChanged(): boolean {
    return this.#changed
  }
}
