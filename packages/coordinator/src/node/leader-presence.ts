/**
 * Notices that this member has been without a leader for a while, for watches that asked not to stay
 * silently open on the wrong side of a partition (etcd #10819: three election timeouts).
 */

export const LEADER_LOSS_ELECTION_TIMEOUTS = 3

export class LeaderPresence {
  readonly #toleranceMs: number
  readonly #subscribers = new Set<() => void>()
  #missingSinceMs: number | undefined

  constructor(electionTimeoutMs: number, nowMs: number) {
    this.#toleranceMs = LEADER_LOSS_ELECTION_TIMEOUTS * electionTimeoutMs
    this.#missingSinceMs = nowMs
  }

  /** `onLost` is called once, when the leader has been missing for too long. */
  subscribe(onLost: () => void): () => void {
    this.#subscribers.add(onLost)
    return () => this.#subscribers.delete(onLost)
  }

  onLeader(leaderKnown: boolean, nowMs: number): void {
    if (leaderKnown) this.#missingSinceMs = undefined
    else this.#missingSinceMs ??= nowMs
  }

  /** True when the leader has been missing for longer than is tolerated. */
  isLost(nowMs: number): boolean {
    return this.#missingSinceMs !== undefined && nowMs - this.#missingSinceMs >= this.#toleranceMs
  }

  tick(nowMs: number): void {
    if (!this.isLost(nowMs) || this.#subscribers.size === 0) return
    // Being told, one may unsubscribe others.
    for (const onLost of [...this.#subscribers]) if (this.#subscribers.delete(onLost)) onLost()
  }
}
