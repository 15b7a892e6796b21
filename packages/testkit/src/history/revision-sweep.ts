/**
 * Every answer of a history against the one total order that revisions give: all operations, in
 * O(n log n). The changes are replayed in a reference store, and at its place in them every
 * operation must have had exactly the effect and the answer that it had (strict serializability, as
 * versions make it polynomial; etcd's robustness tests patch their history in the same way).
 *
 * An operation that changed something has its place at its own revision, of which there is one for
 * each such operation and none for others; what changed nothing has it after the revision of its
 * header, which etcd takes from the same moment as the answer. The order agrees with time: nothing
 * linearizable is below what anybody had been told before it began, and no write is there twice,
 * was made before it was asked for, or failed and is there all the same.
 *
 * Trusted: that the list of changes is complete, and the one that all members have (others compare
 * their hashes), and the clock of the history. Not trusted: that the list is well formed, that its
 * events are what operations do, any header, any answer. That the list is what clients saw at the
 * time is only shown by their answers: a change that was lost before anybody saw it is not missed.
 * Not judged: errors, and the revision that a compaction or a lease was answered with. What looks
 * like the end of a lease counts as one: whether it was time is for `lease-check.ts`.
 */

import { areSameEvents, type Change } from './change-log.js'
import { ChangeOrigins, type Unexplained } from './change-origins.js'
import { problemOf } from './change-problem.js'
import { floorsOf } from './completion-floors.js'
import { hasChanged, isSerializable, type KvOutput, type KvRecord } from './kv-operation.js'
import { describeRecord } from './operation-record.js'
import { ReferenceStore } from './reference-store.js'
import { isSameResponse } from './same-response.js'
import type { Violation } from './violation.js'

export type SweepViolation = Violation<
  /** The list of changes cannot be, whoever asked for them. */
  | 'impossibleChange'
  /** A revision that no operation and no lease explains. */
  | 'unexplainedChange'
  /** A write took effect a second time. */
  | 'effectTwice'
  /** A write that certainly had no effect had one. */
  | 'effectOfFailure'
  /** Two operations were told that they made one revision. */
  | 'sharedRevision'
  /** A header names a revision that the list does not have. */
  | 'missingRevision'
  /** What the write changed is not what its revision holds. */
  | 'wrongEffect'
  | 'wrongAnswer'
  /** Below what somebody had been told before it began. */
  | 'staleRead'
  | 'writeInThePast',
  KvRecord
>

export interface SweepOptions {
  /** Whether there are writes that the history does not have. Default false. */
  readonly othersWrite?: boolean
}

export function checkRevisions(
  history: readonly KvRecord[],
  changes: readonly Change[],
  options: SweepOptions = {},
): readonly SweepViolation[] {
  return new RevisionSweep(history, changes).run(options.othersWrite === true)
}

interface Answered {
  readonly record: KvRecord
  readonly output: KvOutput
}

class RevisionSweep {
  readonly #changes: readonly Change[]
  readonly #floors: ReadonlyMap<KvRecord, number>
  readonly #origins: ChangeOrigins
  readonly #store = new ReferenceStore()
  /** By their own revision. */
  readonly #writes = new Map<number, Answered[]>()
  /** By the revision whose state they show. */
  readonly #reads = new Map<number, Answered[]>()
  readonly #found: SweepViolation[] = []

  constructor(history: readonly KvRecord[], changes: readonly Change[]) {
    this.#changes = changes
    this.#floors = floorsOf(history)
    this.#origins = new ChangeOrigins(history, this.#floors)
    for (const record of history) {
      if (record.outcome.type === 'ok') this.#place({ record, output: record.outcome.output })
    }
  }

  run(othersWrite: boolean): readonly SweepViolation[] {
    this.#checkReadsHere()
    for (const change of this.#changes) {
      const problem = problemOf(change, this.#store)
      if (problem !== undefined) this.#report('impossibleChange', problem)
      const writes = this.#take(this.#writes, change.revision)
      if (writes.length === 0) this.#origins.add(change, this.#store)
      for (const write of writes) this.#checkWrite(write, change)
      if (writes.length > 1) {
        const records = writes.map(({ record }) => record)
        this.#report('sharedRevision', `revision ${change.revision} has two owners`, ...records)
      }
      this.#store.apply(change)
      this.#checkReadsHere()
    }
    for (const { record } of [...this.#writes.values(), ...this.#reads.values()].flat()) {
      this.#report('missingRevision', 'the changes do not have its revision', record)
    }
    for (const change of this.#origins.unexplained()) this.#reportChange(change, othersWrite)
    return this.#found
  }

  #place(answered: Answered): void {
    const { record, output } = answered
    const { revision, response } = output
    const floor = this.#floors.get(record) ?? 0
    if (hasChanged(response)) {
      if (revision <= floor) {
        this.#report('writeInThePast', `${revision} is not above ${floor}, told before`, record)
      }
      push(this.#writes, revision, answered)
      return
    }
    if (revision < floor && !isSerializable(record.input)) {
      this.#report('staleRead', `${revision} is below ${floor}, which was told before`, record)
    }
    const asked = record.input.type === 'range' ? (record.input.revision ?? 0) : 0
    if (asked > revision) this.#report('wrongAnswer', 'read the future', record)
    push(this.#reads, asked > 0 ? asked : revision, answered)
  }

  #checkWrite({ record, output }: Answered, change: Change): void {
    const { response, events } = this.#store.evaluate(record.input)
    if (!areSameEvents(events, change.events)) {
      const there = JSON.stringify(change.events)
      this.#report('wrongEffect', `revision ${change.revision} holds ${there}`, record)
    }
    this.#checkAnswer(record, output, response)
  }

  #checkReadsHere(): void {
    for (const { record, output } of this.#take(this.#reads, this.#store.revision)) {
      this.#checkAnswer(record, output, this.#store.evaluate(record.input).response)
    }
  }

  #checkAnswer(record: KvRecord, { revision, response }: KvOutput, right: KvOutput['response']) {
    if (isSameResponse(response, right)) return
    this.#report('wrongAnswer', `at ${revision} it is ${JSON.stringify(right)}`, record)
  }

  #reportChange({ change, candidates }: Unexplained, othersWrite: boolean): void {
    // Others may delete what one of ours would have deleted; values are nobody else's.
    if (othersWrite && !change.events.some(({ type }) => type === 'put')) return
    const what = `revision ${change.revision}, ${JSON.stringify(change.events)}`
    const outcomeIs = (type: string) => candidates.filter(({ outcome }) => outcome.type === type)
    const [failed, lost] = [outcomeIs('failed'), outcomeIs('unknown')]
    const tooLate = lost.filter((record) => change.revision <= (this.#floors.get(record) ?? 0))
    if (candidates.length === 0) {
      if (!othersWrite) this.#report('unexplainedChange', `nobody asked for ${what}`)
    } else if (failed.length === candidates.length) {
      this.#report('effectOfFailure', what, ...failed)
    } else if (tooLate.length === candidates.length) {
      this.#report('writeInThePast', `${what}, was there before it began`, ...tooLate)
    } else {
      this.#report('effectTwice', `${what}, is there more often than asked for`, ...candidates)
    }
  }

  #take(places: Map<number, Answered[]>, revision: number): readonly Answered[] {
    const taken = places.get(revision) ?? []
    places.delete(revision)
    return taken
  }

  #report(kind: SweepViolation['kind'], problem: string, ...records: readonly KvRecord[]): void {
    const told = records.map((record) => `: ${describeRecord(record)}`).join('')
    this.#found.push({ kind, message: `${problem}${told}`, records })
  }
}

function push(places: Map<number, Answered[]>, revision: number, answered: Answered): void {
  const there = places.get(revision)
  if (there === undefined) places.set(revision, [answered])
  else there.push(answered)
}
