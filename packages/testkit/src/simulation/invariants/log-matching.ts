/**
 * Log Matching: index and term name one entry, and one entry before it; by induction, one log up to
 * there (Raft, Figure 3).
 */

import type { LogWrite } from '@holdfast/coordinator/parts'
import type { Entry } from '@holdfast/raft'
import { check } from '../check.js'
import type { Observer, SimulatedMember } from '../simulated-member.js'

interface Known {
  readonly entry: Entry
  readonly previousTerm: number
}

export class LogMatching implements Observer {
  readonly #known = new Map<string, Known>()

  onWrite({ id, storage }: SimulatedMember, { snapshot, entries }: LogWrite): void {
    const first = entries[0]
    if (first === undefined) return
    const before = first.index - 1
    let previousTerm = snapshot?.index === before ? snapshot.term : storage?.log.term(before)
    for (const entry of entries) {
      this.#see(id, { entry, previousTerm: previousTerm ?? 0 })
      previousTerm = entry.term
    }
  }

  #see(id: string, { entry, previousTerm }: Known): void {
    const name = `${entry.index}/${entry.term}`
    const known = this.#known.get(name)
    if (known === undefined) {
      this.#known.set(name, { entry, previousTerm })
      return
    }
    check(
      known.previousTerm === previousTerm,
      `member ${id} has another entry before ${name} than others`,
    )
    check(
      known.entry.kind === entry.kind && Buffer.compare(known.entry.data, entry.data) === 0,
      `member ${id} has another entry at ${name} than others`,
    )
  }
}
