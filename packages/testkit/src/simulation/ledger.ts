/**
 * What the cluster has agreed on, as anybody first applied it: one entry, one outcome and one list of
 * changes for each index. Every member that applies later is held to it.
 *
 * State Machine Safety (Raft, Figure 3), and more: members agree on the answers too, not only on what
 * was put into the log (etcd: the hash check of its members; determinism of apply).
 */

import type { AppliedBatch, CommittedProposal, RevisionEvents } from '@holdfast/coordinator/parts'
import { check } from './check.js'
import { isSameValue } from './same-value.js'
import type { Observer, SimulatedMember } from './simulated-member.js'

type AppliedProposal = AppliedBatch['proposals'][number]

export interface LedgerEntry {
  readonly index: number
  readonly term: number
  /** Undefined for a no-op or a change of the membership. */
  readonly applied: AppliedProposal | undefined
  /** True time of the first apply anywhere. */
  readonly atMs: number
  /** The revision that it made; undefined if it changed no key. */
  readonly madeRevision: number | undefined
}

export type LedgerListener = (entry: LedgerEntry) => void

export class Ledger implements Observer {
  /** The entry of index i is at i - 1. */
  readonly entries: LedgerEntry[] = []
  /** In their order, without gaps. */
  readonly changes: RevisionEvents[] = []
  readonly #nowMs: () => number
  /** An empty store is at 1. */
  #newestMade = 1
  readonly #listeners: LedgerListener[] = []

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Of the store, when all that is here is applied; an empty store is at 1. */
  get revision(): number {
    return this.changes.at(-1)?.revision ?? 1
  }

  get lastIndex(): number {
    return this.entries.length
  }

  at(index: number): LedgerEntry | undefined {
    return this.entries[index - 1]
  }

  /** Called with each new entry. */
  listen(listener: LedgerListener): void {
    this.#listeners.push(listener)
  }

  onApplied(
    member: SimulatedMember,
    committed: readonly CommittedProposal[],
    batch: AppliedBatch,
  ): void {
    // Proposals come in their order, and no-ops among them have none.
    const outcomes = [...batch.proposals]
    for (const { index, term, proposal } of committed) {
      const applied = proposal === undefined ? undefined : outcomes.shift()
      const known = this.at(index)
      if (known === undefined) {
        const madeRevision = this.#madeBy(applied)
        this.#add(member, { index, term, applied, madeRevision, atMs: this.#nowMs() })
      } else checkSame(member, known, { index, term, applied })
    }
    for (const revision of batch.revisions) this.#addChange(member, revision)
  }

  /** The changes of a batch come after its entries, so this keeps count by itself. */
  #madeBy(applied: AppliedProposal | undefined): number | undefined {
    if (applied === undefined) return undefined
    const { outcome } = applied
    const revision = outcome.ok ? outcome.result.revision : outcome.revision
    if (revision <= this.#newestMade) return undefined
    this.#newestMade = revision
    return revision
  }

  #add(member: SimulatedMember, entry: LedgerEntry): void {
    const { index } = entry
    check(
      index === this.lastIndex + 1,
      `member ${member.id} applied ${index} and nobody what is before it`,
    )
    this.entries.push(entry)
    for (const listener of this.#listeners) listener(entry)
  }

  #addChange(member: SimulatedMember, { revision, events }: RevisionEvents): void {
    const known = this.changes[revision - 2]
    if (known === undefined) {
      check(revision === this.revision + 1, `revision ${revision} came after ${this.revision}`)
      this.changes.push({ revision, events })
      return
    }
    check(
      isSameValue(known.events, events),
      `member ${member.id} made other changes in revision ${revision}`,
    )
  }
}

function checkSame(
  { id }: SimulatedMember,
  known: LedgerEntry,
  { index, term, applied }: Pick<LedgerEntry, 'index' | 'term' | 'applied'>,
): void {
  check(known.term === term, `member ${id} applied another entry at ${index}`)
  check(isSameValue(known.applied, applied), `member ${id} has another outcome at ${index}`)
}
