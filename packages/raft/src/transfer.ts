/**
 * Handing the leadership to a chosen voter (thesis §3.10): the leader takes no more proposals, brings
 * the target's log up to its own, and asks it to campaign at once. If that has not ended the
 * leadership within an election timeout, the leader goes on as before.
 */

import type { Core } from './core.js'
import type { MemberId } from './message.js'
import type { Replication } from './replication.js'

/** `alreadyLeader` also calls off a transfer that is under way. */
export type TransferResult = 'started' | 'notLeader' | 'notVoter' | 'alreadyLeader'

export class Transfer {
  readonly #core: Core
  readonly #replication: Replication
  #target: MemberId | undefined
  /** Who is to be asked with the next Ready, after everything else: a candidate refuses the rest. */
  #asked: MemberId | undefined
  #elapsedTicks = 0

  constructor(core: Core, replication: Replication) {
    this.#core = core
    this.#replication = replication
  }

  /** Present while a transfer is under way. */
  get target(): MemberId | undefined {
    return this.#target
  }

  /** Begins, or begins anew for another target. */
  start(target: MemberId): TransferResult {
    const { state } = this.#core
    if (target === state.id) {
      this.#end()
      return 'alreadyLeader'
    }
    if (!state.voters.includes(target)) return 'notVoter'
    if (this.#target === target) return 'started'
    const isComplete = this.#replication.isComplete(target)
    if (!isComplete) this.#replication.hasten(target)
    this.#target = target
    this.#asked = isComplete ? target : undefined
    this.#elapsedTicks = 0
    return 'started'
  }

  /** The leader goes, and somebody must be asked: the target, or else `heir`. */
  conclude(heir: MemberId): void {
    this.#target ??= heir
    this.#asked = this.#target
  }

  tick(elapsedTicks: number): void {
    this.#elapsedTicks += elapsedTicks
    if (this.#elapsedTicks >= this.#core.config.electionTicks) this.#end()
  }

  /** The target has answered: perhaps its log is complete now, or the request was lost before. */
  onHeard(from: MemberId): void {
    if (from === this.#target && this.#replication.isComplete(from)) this.#asked = from
  }

  get isDue(): boolean {
    return this.#asked !== undefined
  }

  emit(): void {
    const { outbox, state } = this.#core
    const { id: from, term } = state
    const to = this.#asked
    this.#asked = undefined
    if (to !== undefined) outbox.send({ type: 'timeoutNow', from, to, term })
  }

  #end(): void {
    this.#target = undefined
    this.#asked = undefined
  }
}
