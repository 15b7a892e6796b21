/**
 * The follower's side of ReadIndex: reads that arrive between two Readys are passed to the leader
 * in one request, once (thesis §6.4.1). Anything that makes the answer doubtful drops them, which
 * is harmless: the caller asks again.
 *
 * Invariants: a request is answered only by the leader it was sent to, in the term it was sent in;
 * all requests are dropped when leader or term changes; a request unanswered for an election
 * timeout is dropped, since it or its answer was lost; at most `maxPendingReads` reads wait.
 */

import type { Core } from './core.js'
import { invariant } from './invariant.js'
import type { ReadIndexResponse } from './message.js'
import type { Random } from './random.js'

interface Request {
  readonly reads: readonly number[]
  readonly sentAtTick: number
}

const MAX_FIRST_REF = 0x1_0000_0000

export class ForwardedReads {
  readonly #core: Core
  readonly #requests = new Map<number, Request>()
  #waiting: number[] = []
  #pendingCount = 0
  #nowTicks = 0
  #nextRef: number

  constructor(core: Core, random: Random) {
    this.#core = core
    // A member restarted within one term must not take an answer to its former self for its own.
    this.#nextRef = random.below(MAX_FIRST_REF)
  }

  get hasOutput(): boolean {
    return this.#waiting.length > 0
  }

  add(ref: number): void {
    if (this.#pendingCount >= this.#core.config.maxPendingReads) {
      this.#core.outbox.droppedReads.add(ref)
      return
    }
    this.#waiting.push(ref)
    this.#pendingCount += 1
  }

  /** Asks the leader, once for all reads that wait. */
  emit(): void {
    if (this.#waiting.length === 0) return
    const { outbox, state } = this.#core
    invariant(state.leaderId !== undefined, 'reads wait only while there is a leader to ask')
    const ref = this.#nextRef
    this.#nextRef += 1
    this.#requests.set(ref, { reads: this.#waiting, sentAtTick: this.#nowTicks })
    this.#waiting = []
    const { id: from, leaderId: to, term } = state
    outbox.send({ type: 'readIndexRequest', from, to, term, ref })
  }

  /** The term was checked on arrival; the leader is checked here (etcd #20418). */
  onResponse({ from, ref, index }: ReadIndexResponse): void {
    const request = this.#requests.get(ref)
    if (request === undefined || from !== this.#core.state.leaderId) return
    this.#requests.delete(ref)
    this.#pendingCount -= request.reads.length
    const { readStates, droppedReads } = this.#core.outbox
    for (const read of request.reads) {
      if (index === undefined) droppedReads.add(read)
      else readStates.add({ ref: read, index })
    }
  }

  tick(elapsedTicks: number): void {
    this.#nowTicks += elapsedTicks
    const oldestTick = this.#nowTicks - this.#core.config.electionTicks
    // Requests are in the order of their sending, so the first that is young enough ends the scan.
    for (const [ref, request] of this.#requests) {
      if (request.sentAtTick > oldestTick) return
      this.#requests.delete(ref)
      this.#drop(request.reads)
    }
  }

  dropAll(): void {
    for (const { reads } of this.#requests.values()) this.#drop(reads)
    this.#requests.clear()
    this.#drop(this.#waiting)
    this.#waiting = []
    invariant(this.#pendingCount === 0, 'every read is answered or dropped once')
  }

  #drop(reads: readonly number[]): void {
    for (const read of reads) this.#core.outbox.droppedReads.add(read)
    this.#pendingCount -= reads.length
  }
}
