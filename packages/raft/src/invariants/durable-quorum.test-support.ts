/**
 * Committed implies durable on a quorum of the voters of the membership in force at the leader, at
 * the moment when it commits (Raft §5.3, §5.4.2; thesis §4.1, §10.2.1).
 */

import type { Entry } from '../entry.js'
import { isQuorum } from '../quorum.js'
import { check, isSame, type ObservedMember } from './observed-member.test-support.js'

export class DurableQuorum {
  readonly #members: readonly ObservedMember[]

  constructor(members: readonly ObservedMember[]) {
    this.#members = members
  }

  onCommitted(leader: ObservedMember, entry: Entry): void {
    const names = this.#members
      .filter((member) => isSame(member.durableAt(entry.index), entry))
      .map(({ id }) => id)
    check(
      isQuorum(leader.voters, (id) => names.includes(id)),
      `entry ${entry.index} was committed while only the disks of ${names.join(', ')} hold it, ` +
        `and the voters are ${leader.voters.join(', ')}`,
    )
  }
}
