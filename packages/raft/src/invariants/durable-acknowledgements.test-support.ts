/**
 * Acknowledged implies durable (Raft §5.1, "respond after persisting"; thesis §10.2.1): when an
 * acknowledgement leaves, the disk holds the term it was given in and the leader's very entry.
 */

import type { Message } from '../message.js'
import type { LeaderAppendOnly } from './leader-append-only.test-support.js'
import { check, isSame, type ObservedMember } from './observed-member.test-support.js'

export class DurableAcknowledgements {
  readonly #leaderLogs: LeaderAppendOnly

  constructor(leaderLogs: LeaderAppendOnly) {
    this.#leaderLogs = leaderLogs
  }

  onSend(member: ObservedMember, message: Message): void {
    if (message.type !== 'appendEntriesAccepted') return
    const { matchIndex, term } = message
    const { id } = member
    check(member.durableTerm >= term, `${id} acknowledged in a term that it may forget`)
    check(
      matchIndex === 0 ||
        isSame(member.durableAt(matchIndex), this.#leaderLogs.at(term, matchIndex)),
      `${id} acknowledged ${matchIndex}, which is not durable`,
    )
  }
}
