/** One member of a simulated cluster: its core, its disk, and what is known of both from outside. */

import type { Entry } from './entry.js'
import type { ObservedMember } from './invariants/observed-member.test-support.js'
import type { MemoryLog } from './memory-log.test-support.js'
import type { Raft } from './raft.js'

export class SimulatedMember implements ObservedMember {
  readonly id: string
  readonly log: MemoryLog
  volatileLog: readonly Entry[] = []
  /** Undefined while it is down. */
  raft: Raft | undefined
  appliedIndex = 0
  incarnation = 0
  lastTerm = 0
  lastCommitIndex = 0
  /** How far its Readys have shown what it takes for committed. */
  shownCommitIndex = 0
  wasLeader = false
  /** Acknowledged on the wire, and not truncated since. */
  acknowledgedIndex = 0
  readonly reads = new Set<number>()
  /** Of the messages since the last Ready: 0 before the first. */
  termOfInput = 0
  /** The durable entries that the log has been compacted to do without. */
  #archive: readonly Entry[] = []
  voterSets: (readonly string[])[] = []

  constructor(id: string, log: MemoryLog) {
    this.id = id
    this.log = log
  }

  get durableLog(): readonly Entry[] {
    return [...this.#archive, ...this.log.all]
  }

  durableAt(index: number): Entry | undefined {
    return index <= this.#archive.length ? this.#archive[index - 1] : this.log.at(index)
  }

  /** Its state is made durable, and the log cut below it. */
  compact(index: number): void {
    if (index < this.log.firstIndex()) return
    const archive = this.durableLog.slice(0, index)
    this.log.compact(index)
    this.#archive = archive
  }

  /** A snapshot is durable: it stands for `entries`. */
  restore(entries: readonly Entry[]): void {
    this.#archive = entries
    this.appliedIndex = entries.length
  }

  get durableTerm(): number {
    return this.log.hardState.term
  }

  get durableVote(): string | undefined {
    return this.log.hardState.votedFor
  }

  get voters(): readonly string[] {
    return this.raft?.membership.membership.voters ?? []
  }
}
