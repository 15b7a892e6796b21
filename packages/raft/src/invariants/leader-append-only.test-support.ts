/**
 * Leader Append-Only (Raft, Figure 3, §5.3): a leader never overwrites or deletes an entry of its
 * own log, and what it sends is what it has.
 */

import type { Entry } from '../entry.js'
import type { AppendEntries } from '../message.js'
import { check, isSame, type ObservedMember } from './observed-member.test-support.js'

export class LeaderAppendOnly {
  readonly #logs = new Map<number, Entry[]>()

  onElected({ volatileLog }: ObservedMember, term: number): void {
    this.#logs.set(term, [...volatileLog])
  }

  onAppend({ id }: ObservedMember, term: number, entries: readonly Entry[]): void {
    for (const entry of entries) this.#record(id, term, entry)
  }

  /** A leader that retires does not show itself with its last entries; its messages do. */
  onSend({ from, term, entries }: AppendEntries): void {
    for (const entry of entries) this.#record(from, term, entry)
  }

  /** What the leader of `term` has, or had, at `index`. */
  at(term: number, index: number): Entry | undefined {
    return this.#logs.get(term)?.[index - 1]
  }

  #record(id: string, term: number, entry: Entry): void {
    const log = this.#logs.get(term)
    check(log !== undefined, `${id} speaks as the leader of term ${term}, which it never was`)
    const known = log[entry.index - 1]
    check(
      known === undefined || isSame(known, entry),
      `the leader ${id} of term ${term} changed its own entry ${entry.index}`,
    )
    log[entry.index - 1] = entry
  }
}
