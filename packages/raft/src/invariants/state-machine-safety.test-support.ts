/**
 * State Machine Safety (Raft, Figure 3, §5.4.3): no two members take different entries at an index
 * for committed, and none applies another; each applies all, in order, and only what it cannot lose.
 */

import type { Entry } from '../entry.js'
import type { CommittedLog } from './committed-log.test-support.js'
import { check, isSame, type ObservedMember } from './observed-member.test-support.js'

export class StateMachineSafety {
  readonly #committed: CommittedLog

  constructor(committed: CommittedLog) {
    this.#committed = committed
  }

  /** `member` has come to take the entries in (from, to] for committed. */
  onCommit({ id, volatileLog }: ObservedMember, from: number, to: number): void {
    check(to <= volatileLog.length, `${id} committed beyond its log`)
    for (let index = from + 1; index <= to; index += 1) {
      check(
        isSame(volatileLog[index - 1], this.#committed.at(index)),
        `${id} committed another entry at ${index}`,
      )
    }
  }

  /** What replaces the log from the first of `entries` on comes behind what is committed. */
  onAppend({ id }: ObservedMember, entries: readonly Entry[], commitIndex: number): void {
    const first = entries[0]
    check(
      first === undefined || first.index > commitIndex,
      `${id} replaces the committed entry ${first?.index ?? 0}`,
    )
  }

  onApply(member: ObservedMember, entry: Entry, appliedIndex: number): void {
    const { id } = member
    const { index } = entry
    check(index === appliedIndex + 1, `${id} applied out of order`)
    check(isSame(this.#committed.at(index), entry), `${id} applied another entry`)
    check(isSame(member.durableAt(index), entry), `${id} applied what it may lose`)
  }
}
