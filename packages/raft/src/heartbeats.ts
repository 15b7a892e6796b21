/**
 * The leader's clock: when heartbeats are due, what they say, and CheckQuorum.
 *
 * CheckQuorum: a leader that has not heard from a quorum within the minimum election timeout steps
 * down, because by then the others may have elected someone else (thesis §6.2). Together with the
 * voters' refusal to vote while they hear a leader it keeps disruptive members out (§4.2.3).
 *
 * Deviation: etcd looks once per election timeout, so that a cut-off leader stays for up to two.
 * Here every answer is stamped with its tick, and the leader goes after exactly one.
 */

import type { Core } from './core.js'
import type { MemberId } from './message.js'
import type { Progress } from './progress.js'
import { isQuorum } from './quorum.js'
import type { Replication } from './replication.js'

export class Heartbeats {
  readonly #core: Core
  readonly #replication: Replication
  #nowTicks = 0
  #nextDueTick: number
  #isDue = false

  constructor(core: Core, replication: Replication) {
    this.#core = core
    this.#replication = replication
    // The AppendEntries that carry the no-op announce the leader; the first heartbeat follows them.
    this.#nextDueTick = core.config.heartbeatTicks
  }

  /** Whether a timed heartbeat waits to be sent. */
  get isDue(): boolean {
    return this.#isDue
  }

  tick(elapsedTicks: number): void {
    this.#nowTicks += elapsedTicks
    if (this.#nowTicks < this.#nextDueTick) return
    this.#nextDueTick = this.#nowTicks + this.#core.config.heartbeatTicks
    this.#isDue = this.#replication.followers.length > 0
  }

  /** The leader's clock, in ticks since it was elected. */
  get nowTick(): number {
    return this.#nowTicks
  }

  onHeard(from: MemberId): void {
    const progress = this.#replication.follower(from)
    if (progress !== undefined) progress.lastHeardTick = this.#nowTicks
  }

  /** Whether `id` was heard within the minimum election timeout; the leader itself always is. */
  isActive(id: MemberId): boolean {
    if (id === this.#core.state.id) return true
    const progress = this.#replication.follower(id)
    const oldestTick = this.#nowTicks - this.#core.config.electionTicks
    return progress !== undefined && progress.lastHeardTick > oldestTick
  }

  /** CheckQuorum: whether a quorum was, the leader included. */
  get hasActiveQuorum(): boolean {
    return isQuorum(this.#core.state.voters, (id) => this.isActive(id))
  }

  send(readPosition: number): void {
    for (const progress of this.#replication.followers) {
      if (this.#isDue) progress.matchIndexAtHeartbeat = progress.matchIndex
      this.#sendTo(progress, readPosition)
    }
    this.#isDue = false
  }

  /** The follower may lack anything beyond `matchIndex`, so it is told of no commit beyond it. */
  #sendTo({ id, matchIndex }: Progress, readPosition: number): void {
    const { log, state, outbox } = this.#core
    outbox.send({
      type: 'heartbeat',
      from: state.id,
      to: id,
      term: state.term,
      commitIndex: Math.min(log.commitIndex, matchIndex),
      readPosition,
    })
  }
}
