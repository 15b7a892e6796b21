/**
 * The follower's and candidate's clock, in ticks. It fires after a timeout drawn anew from
 * [electionTicks, 2 × electionTicks) whenever the role changes, so that split votes are rare and
 * do not repeat (Raft §5.2).
 *
 * Only word from the current leader, a vote granted, or an election of one's own sets it back
 * (Raft, Figure 2); granting a pre-vote does not.
 */

import type { Random } from './random.js'

export class ElectionTimer {
  readonly #electionTicks: number
  readonly #random: Random
  #elapsedTicks = 0
  #timeoutTicks = 0

  constructor(electionTicks: number, random: Random) {
    this.#electionTicks = electionTicks
    this.#random = random
    this.restart()
  }

  /** Starts over with a new timeout. */
  restart(): void {
    this.#elapsedTicks = 0
    this.#timeoutTicks = this.#electionTicks + this.#random.below(this.#electionTicks)
  }

  /** Starts over with the same timeout: the leader was heard, or a vote was granted. */
  refresh(): void {
    this.#elapsedTicks = 0
  }

  /** Counts one tick; true when the timeout has passed. */
  tick(): boolean {
    this.#elapsedTicks += 1
    return this.#elapsedTicks >= this.#timeoutTicks
  }

  /**
   * Whether the timer was set back within the *minimum* election timeout: as long as that is so, a
   * follower that knows a leader ignores other candidates (thesis §4.2.3, CheckQuorum).
   */
  get isWithinMinimum(): boolean {
    return this.#elapsedTicks < this.#electionTicks
  }
}
