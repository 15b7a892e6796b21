/**
 * The answers to one election or pre-election. A voter's first answer counts: a duplicated or
 * late second one changes nothing, and nobody but a voter is counted (Raft §5.2).
 */

import type { MemberId } from './message.js'
import { isQuorum, quorumSize } from './quorum.js'

/** `lost` as soon as too few voters are left to grant. */
export type BallotOutcome = 'won' | 'lost' | 'pending'

export class Ballot {
  readonly #answers = new Map<MemberId, boolean>()

  record(voter: MemberId, granted: boolean): void {
    if (!this.#answers.has(voter)) this.#answers.set(voter, granted)
  }

  outcome(voters: readonly MemberId[]): BallotOutcome {
    if (isQuorum(voters, (id) => this.#answers.get(id) === true)) return 'won'
    const rejections = voters.filter((id) => this.#answers.get(id) === false).length
    return voters.length - rejections < quorumSize(voters.length) ? 'lost' : 'pending'
  }
}
