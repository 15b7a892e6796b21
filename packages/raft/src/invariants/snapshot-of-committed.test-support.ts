/**
 * A snapshot stands for what is committed, with the membership in force there, and takes nobody back
 * (Raft §7; thesis §5.1.1): who holds its last entry keeps the log, and what it has acknowledged.
 */

import type { Snapshot } from '../snapshot.js'
import type { CommittedLog } from './committed-log.test-support.js'
import { check, type ObservedMember } from './observed-member.test-support.js'

export class SnapshotOfCommitted {
  readonly #committed: CommittedLog

  constructor(committed: CommittedLog) {
    this.#committed = committed
  }

  onRestore({ id, volatileLog }: ObservedMember, { index, term, membership }: Snapshot): void {
    check(this.#committed.at(index)?.term === term, `${id} restores what was never committed`)
    check(volatileLog[index - 1]?.term !== term, `${id} restores what it holds`)
    const { voters, learners } = this.#committed.membershipAt(index)
    check(
      voters.join() === membership.voters.join() && learners.join() === membership.learners.join(),
      `the snapshot that ${id} restores has another membership than was in force at ${index}`,
    )
  }
}
