/** Election Safety: at most one leader in a term, whatever crashed in between (Raft, Figure 3). */

import type { MemberId, Status } from '@holdfast/raft'
import { check } from '../check.js'
import type { Observer, SimulatedMember } from '../simulated-member.js'

export class ElectionSafety implements Observer {
  readonly #leaderOfTerm = new Map<number, MemberId>()

  /** Terms that had a leader. */
  get elections(): number {
    return this.#leaderOfTerm.size
  }

  onStatus({ id }: SimulatedMember, { role, term }: Status): void {
    if (role !== 'leader') return
    const known = this.#leaderOfTerm.get(term)
    check(known === undefined || known === id, `term ${term} has two leaders, ${known} and ${id}`)
    this.#leaderOfTerm.set(term, id)
  }
}
