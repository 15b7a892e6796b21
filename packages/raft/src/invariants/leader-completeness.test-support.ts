/**
 * Leader Completeness (Raft, Figure 3, §5.4): what is committed in a term is in the logs of the
 * leaders of all later terms, also of those that were elected before anybody knew of the commit.
 */

import type { Entry } from '../entry.js'
import type { CommittedLog } from './committed-log.test-support.js'
import { check, isSame, type ObservedMember } from './observed-member.test-support.js'

export class LeaderCompleteness {
  readonly #committed: CommittedLog
  /** In which term each was committed. */
  readonly #terms: number[] = []
  readonly #logAtElection = new Map<number, readonly Entry[]>()

  constructor(committed: CommittedLog) {
    this.#committed = committed
  }

  onElected({ id, volatileLog }: ObservedMember, term: number): void {
    this.#logAtElection.set(term, volatileLog)
    for (const entry of this.#committed.entries) {
      // A leader may be elected late, when one of a later term has committed something already.
      check(
        this.#terms[entry.index - 1]! >= term || isSame(volatileLog[entry.index - 1], entry),
        `leader ${id} of term ${term} lacks the committed entry ${entry.index}`,
      )
    }
  }

  /** `entry` was committed by the leader of `term`. */
  onCommitted(entry: Entry, term: number): void {
    this.#terms[entry.index - 1] = term
    for (const [laterTerm, log] of this.#logAtElection) {
      check(
        laterTerm <= term || isSame(log[entry.index - 1], entry),
        `the leader of term ${laterTerm} lacks entry ${entry.index}, committed in term ${term}`,
      )
    }
  }
}
