/**
 * Leader Completeness: what is committed is in the log of every later leader (Raft, Figure 3). What a
 * leader has cut from its log, or never had because of a snapshot, is in its state.
 */

import type { Status } from '@holdfast/raft'
import { check } from '../check.js'
import type { Ledger } from '../ledger.js'
import type { Observer, SimulatedMember } from '../simulated-member.js'

export class LeaderCompleteness implements Observer {
  readonly #ledger: Ledger
  readonly #seen = new Set<number>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  onStatus({ id, storage }: SimulatedMember, { role, term }: Status): void {
    if (role !== 'leader' || storage === undefined || this.#seen.has(term)) return
    this.#seen.add(term)
    const { log } = storage
    const from = log.firstIndex() - 1
    for (const { index, term: committedTerm } of this.#ledger.entries.slice(
      Math.max(0, from - 1),
    )) {
      if (index < from || committedTerm >= term) continue
      check(
        index <= log.lastIndex() && log.term(index) === committedTerm,
        `leader ${id} of term ${term} lacks entry ${index}, committed in term ${committedTerm}`,
      )
    }
  }
}
