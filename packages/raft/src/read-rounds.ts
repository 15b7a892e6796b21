/**
 * The leader's side of ReadIndex (thesis §6.4): reads that arrive between two Readys form a round,
 * a round gets the next position, heartbeats carry the newest position, and an echo of p from a
 * quorum confirms every round up to p. Positions count from 0 in each leadership, and echoes of
 * another term never arrive here.
 *
 * Invariants: no round opens before the leader has committed an entry of its own term, because
 * until then its commit index may lag behind its predecessors' (thesis §6.4, step 1); a round's
 * index is the commit index at the moment its heartbeat is built, never before its reads arrived.
 * Source: etcd: read_only.go (monotonic positions, etcd-io/raft #397).
 */

import type { Core } from './core.js'
import { invariant } from './invariant.js'
import type { MemberId } from './message.js'
import { quorumPosition } from './quorum.js'
import type { Replication } from './replication.js'

/** `origin` is undefined for the leader's own reads. */
interface WaitingRead {
  readonly origin: MemberId | undefined
  readonly ref: number
}

interface Round {
  readonly position: number
  readonly index: number
  readonly reads: readonly WaitingRead[]
}

export class ReadRounds {
  readonly #core: Core
  readonly #replication: Replication
  readonly #rounds: Round[] = []
  #waiting: WaitingRead[] = []
  #pendingCount = 0
  #position = 0

  constructor(core: Core, replication: Replication) {
    this.#core = core
    this.#replication = replication
  }

  /** The position that heartbeats carry: confirming it confirms everything asked so far. */
  get position(): number {
    return this.#position
  }

  get canOpenRound(): boolean {
    return this.#waiting.length > 0 && this.#replication.hasCommittedOwnEntry
  }

  add(read: WaitingRead): void {
    if (this.#pendingCount >= this.#core.config.maxPendingReads) {
      this.#refuse(read)
      return
    }
    this.#waiting.push(read)
    this.#pendingCount += 1
  }

  /** Gives all waiting reads the next position. A leader that is its own quorum answers at once. */
  openRound(): void {
    invariant(this.canOpenRound, 'a round opens after the first commit of the own term')
    this.#position += 1
    const index = this.#core.log.commitIndex
    this.#rounds.push({ position: this.#position, index, reads: this.#waiting })
    this.#waiting = []
    this.confirm()
  }

  onEcho(from: MemberId, readPosition: number): void {
    const progress = this.#replication.follower(from)
    if (progress === undefined || readPosition <= progress.readPosition) return
    invariant(readPosition <= this.#position, `${from} echoed a position that was never sent`)
    progress.readPosition = readPosition
    this.confirm()
  }

  /** The leadership is over: nothing that still waits can be confirmed. */
  close(): void {
    for (const { reads } of this.#rounds) for (const read of reads) this.#refuse(read)
    for (const read of this.#waiting) this.#refuse(read)
    this.#rounds.length = 0
    this.#waiting = []
  }

  /** Answers what a quorum of the voters has echoed. */
  confirm(): void {
    const { state } = this.#core
    const confirmed = quorumPosition(state.voters, (id) =>
      id === state.id ? this.#position : this.#replication.known(id).readPosition,
    )
    let round = this.#rounds[0]
    while (round !== undefined && round.position <= confirmed) {
      for (const read of round.reads) this.#answer(read, round.index)
      this.#pendingCount -= round.reads.length
      this.#rounds.shift()
      round = this.#rounds[0]
    }
  }

  #answer({ origin, ref }: WaitingRead, index: number | undefined): void {
    const { outbox, state } = this.#core
    if (origin !== undefined) {
      const { id: from, term } = state
      outbox.send({ type: 'readIndexResponse', from, to: origin, term, ref, index })
    } else if (index === undefined) {
      outbox.droppedReads.add(ref)
    } else {
      outbox.readStates.add({ ref, index })
    }
  }

  #refuse(read: WaitingRead): void {
    this.#answer(read, undefined)
  }
}
