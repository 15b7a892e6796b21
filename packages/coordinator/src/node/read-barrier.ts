/**
 * Linearizable reads (thesis §6.4): a read waits until the member has applied everything that was
 * committed when the read arrived, as confirmed by a leader that a quorum still follows.
 *
 * All reads that wait when a round starts share it, and the next round starts when it has ended
 * (etcd: linearizableReadLoop), so that the number of rounds does not grow with the load.
 */

import type { Clock } from '../time/clock.js'
import { NodeError } from './node-error.js'

/** A round without an answer is asked again: its messages may have been lost (etcd: 500 ms). */
export const READ_RETRY_MS = 500

/** Reads that may wait at one member; more are refused. */
export const MAX_PENDING_READS = 50_000

interface WaitingRead {
  readonly deadlineMs: number
  resolve(): void
  reject(error: NodeError): void
}

export class ReadBarrier {
  readonly #ask: (ref: number) => void
  readonly #wake: () => void
  readonly #clock: Pick<Clock, 'nowMs'>
  /** Arrived since the current round started. */
  #arrived: WaitingRead[] = []
  /** Served by the current round. */
  #asking: WaitingRead[] = []
  /** Confirmed, and waiting for the state machine to reach `index`. */
  #confirmed: { readonly index: number; readonly reads: readonly WaitingRead[] }[] = []
  #confirmedCount = 0
  #ref = 0
  #roundOpen = false
  #askedAtMs = 0
  /** After a refusal, until the next tick or leader: whoever refused would do so again at once. */
  #paused = false
  #appliedIndex: number
  #closed = false

  constructor(options: {
    /** Asks the core for a read index. */
    readonly ask: (ref: number) => void
    readonly wake: () => void
    readonly clock: Pick<Clock, 'nowMs'>
    readonly appliedIndex: number
  }) {
    this.#ask = options.ask
    this.#wake = options.wake
    this.#clock = options.clock
    this.#appliedIndex = options.appliedIndex
  }

  /**
   * Resolves when a read of the local state is linearizable.
   * @throws {NodeError} `noLeader` when no leader confirmed it in time
   */
  wait(timeoutMs: number): Promise<void> {
    if (this.#closed) return Promise.reject(new NodeError('stopped', 'not-applied'))
    const unconfirmedCount = this.#arrived.length + this.#asking.length
    if (unconfirmedCount + this.#confirmedCount >= MAX_PENDING_READS) {
      return Promise.reject(new NodeError('tooManyRequests', 'not-applied'))
    }
    return new Promise((resolve, reject) => {
      this.#arrived.push({ deadlineMs: this.#clock.nowMs() + timeoutMs, resolve, reject })
      this.#wake()
    })
  }

  /** Starts a round if reads wait and none is open. */
  submit(): void {
    if (this.#roundOpen || this.#paused) return
    if (this.#arrived.length === 0 && this.#asking.length === 0) return
    this.#asking.push(...this.#arrived)
    this.#arrived = []
    this.#ref += 1
    this.#roundOpen = true
    this.#askedAtMs = this.#clock.nowMs()
    this.#ask(this.#ref)
  }

  onReadState(ref: number, index: number): void {
    if (ref !== this.#ref || !this.#roundOpen) return
    this.#roundOpen = false
    this.#confirmed.push({ index, reads: this.#asking })
    this.#confirmedCount += this.#asking.length
    this.#asking = []
    this.onApplied(this.#appliedIndex)
    if (this.#arrived.length > 0) this.#wake()
  }

  onApplied(appliedIndex: number): void {
    this.#appliedIndex = appliedIndex
    while (this.#confirmed[0] !== undefined && this.#confirmed[0].index <= appliedIndex) {
      const { reads } = this.#confirmed[0]
      for (const read of reads) read.resolve()
      this.#confirmedCount -= reads.length
      this.#confirmed.shift()
    }
  }

  /** The core could not serve these: asking again is harmless, and may succeed soon. */
  onDropped(refs: readonly number[]): void {
    if (!this.#roundOpen || !refs.includes(this.#ref)) return
    this.#roundOpen = false
    this.#paused = true
  }

  /** A new leader may serve what the old one did not. */
  onLeaderChange(): void {
    if (!this.#roundOpen && !this.#paused) return
    this.#paused = false
    this.#roundOpen = false
    this.#wake()
  }

  /** Asks again after a silence, and gives up on what has waited too long. */
  tick(nowMs: number): void {
    this.#paused = false
    const late = (read: WaitingRead): boolean => read.deadlineMs <= nowMs
    for (const read of [...this.#arrived, ...this.#asking].filter(late)) {
      read.reject(new NodeError('noLeader', 'not-applied'))
    }
    this.#arrived = this.#arrived.filter((read) => !late(read))
    this.#asking = this.#asking.filter((read) => !late(read))
    this.#giveUpConfirmed(late)
    if (this.#roundOpen && nowMs - this.#askedAtMs >= READ_RETRY_MS) this.onLeaderChange()
  }

  close(): void {
    this.#closed = true
    const waiting = [
      ...this.#arrived,
      ...this.#asking,
      ...this.#confirmed.flatMap(({ reads }) => reads),
    ]
    for (const read of waiting) read.reject(new NodeError('stopped', 'not-applied'))
    this.#arrived = []
    this.#asking = []
    this.#confirmed = []
    this.#confirmedCount = 0
  }

  #giveUpConfirmed(late: (read: WaitingRead) => boolean): void {
    const rounds = this.#confirmed.map(({ index, reads }) => {
      for (const read of reads.filter(late)) read.reject(new NodeError('timeout', 'not-applied'))
      return { index, reads: reads.filter((read) => !late(read)) }
    })
    this.#confirmed = rounds.filter(({ reads }) => reads.length > 0)
    this.#confirmedCount = rounds.reduce((count, { reads }) => count + reads.length, 0)
  }
}
