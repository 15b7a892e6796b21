/**
 * One change at a time (thesis §4.1): no log that leads holds two changes that are not committed. The
 * newest membership in a log is the one in force, committed or not, and none that is gone from it.
 */

import type { Entry } from '../entry.js'
import { decodeMembership, type Membership } from '../membership.js'
import type { CommittedLog } from './committed-log.test-support.js'
import { check, type ObservedMember } from './observed-member.test-support.js'

export class MembershipChanges {
  readonly #committed: CommittedLog

  constructor(committed: CommittedLog) {
    this.#committed = committed
  }

  /** The leader of a term has appended `entries` to its log. */
  onLeaderAppend({ id, volatileLog }: ObservedMember, entries: readonly Entry[]): void {
    if (!entries.some(({ kind }) => kind === 'membership')) return
    const changes = volatileLog
      .slice(this.#committed.length)
      .filter(({ kind }) => kind === 'membership')
    check(changes.length <= 1, `leader ${id} has ${changes.length} uncommitted changes`)
  }

  onReady({ id, volatileLog }: ObservedMember, inForce: Membership): void {
    const newest = volatileLog.findLast(({ kind }) => kind === 'membership')
    if (newest === undefined) return
    const { voters, learners } = decodeMembership(newest.data)
    check(
      voters.join() === inForce.voters.join() && learners.join() === inForce.learners.join(),
      `${id} goes by another membership than that of entry ${newest.index}`,
    )
  }
}
