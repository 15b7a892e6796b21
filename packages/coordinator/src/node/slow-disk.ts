/**
 * What a member does whose disk has become very slow: a leader that cannot write its own log within
 * an election timeout hands the leadership to a voter, if the others are a quorum without it, and a
 * member that has been that slow lately does not campaign (catalogue 37; etcd #15247). Nothing else
 * waits for it: entries commit by the disks of the others, and heartbeats need none.
 *
 * Half a second is tolerated in any case: where elections are quicker than that, a disk that many share
 * is too slow now and then, and handing over each time would cost more than waiting.
 *
 * Only writes under way tell how slow the disk is, so that a slow one is remembered for a while.
 */

import type { MemberId, Raft } from '@holdfast/raft'
import type { Clock } from '../time/clock.js'
import type { LogWriter } from './raft-loop.js'

/** Of a write, whatever the election timeout. */
const TOLERATED_MS = 500
/** For how many election timeouts after a slow write the disk is not trusted to be fast again. */
const REMEMBERED_ELECTION_TIMEOUTS = 3

export interface SlowDiskParts {
  readonly raft: Pick<Raft, 'status' | 'transferLeadership'>
  readonly heirs: { next(): MemberId | undefined }
  readonly log: LogWriter
  readonly clock: Pick<Clock, 'nowMs'>
  readonly electionTimeoutMs: number
  /** The leadership is being handed over because a write takes so long. */
  readonly onHandOver: (to: MemberId, stalledMs: number) => void
}

export class SlowDisk implements LogWriter {
  readonly #parts: SlowDiskParts
  /** When each write under way was handed over, oldest first. */
  readonly #begunMs: number[] = []
  #slowUntilMs = -Infinity
  #handOverAtMs = -Infinity

  constructor(parts: SlowDiskParts) {
    this.#parts = parts
  }

  append(write: Parameters<LogWriter['append']>[0], onDurable: () => void): void {
    const { log, clock } = this.#parts
    this.#begunMs.push(clock.nowMs())
    log.append(write, () => {
      this.#remember()
      this.#begunMs.shift()
      onDurable()
    })
  }

  /** Whether this member's disk is too slow to lead. */
  get isSlow(): boolean {
    this.#remember()
    return this.#parts.clock.nowMs() < this.#slowUntilMs
  }

  /** To be called about once a heartbeat. */
  tick(): void {
    const { raft, heirs, clock, electionTimeoutMs, onHandOver } = this.#parts
    const stalledMs = this.#stalledMs()
    if (raft.status.role !== 'leader' || stalledMs < this.#toleratedMs) return
    // A transfer has an election timeout to succeed; then another voter is asked.
    const nowMs = clock.nowMs()
    if (nowMs < this.#handOverAtMs + electionTimeoutMs) return
    const to = heirs.next()
    if (to === undefined || raft.transferLeadership(to) !== 'started') return
    this.#handOverAtMs = nowMs
    onHandOver(to, stalledMs)
  }

  get #toleratedMs(): number {
    return Math.max(TOLERATED_MS, this.#parts.electionTimeoutMs)
  }

  /** How long the oldest write under way has been waited for. */
  #stalledMs(): number {
    const [oldest] = this.#begunMs
    return oldest === undefined ? 0 : this.#parts.clock.nowMs() - oldest
  }

  #remember(): void {
    const { clock, electionTimeoutMs } = this.#parts
    if (this.#stalledMs() < this.#toleratedMs) return
    this.#slowUntilMs = clock.nowMs() + REMEMBERED_ELECTION_TIMEOUTS * electionTimeoutMs
  }
}
