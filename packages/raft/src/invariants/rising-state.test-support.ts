/**
 * A member's term never falls, restarts included, nor does its commit index within an incarnation
 * (Raft §5.1, §5.3). Every term begins with a candidate, which a pre-vote does not make: nobody is
 * in a term for which nobody campaigned (thesis §9.6).
 */

import type { Status } from '../ready.js'
import { check } from './observed-member.test-support.js'

interface SeenBefore {
  readonly id: string
  readonly lastTerm: number
  readonly lastCommitIndex: number
}

export class RisingState {
  readonly #campaigns = new Set<number>([0])

  onState({ id, lastTerm, lastCommitIndex }: SeenBefore, status: Status): void {
    const { role, term, commitIndex } = status
    if (role === 'candidate') this.#campaigns.add(term)
    check(term >= lastTerm, `the term of ${id} fell`)
    check(this.#campaigns.has(term), `${id} is in term ${term}, for which nobody campaigned`)
    check(commitIndex >= lastCommitIndex, `the commit index of ${id} fell`)
  }
}
