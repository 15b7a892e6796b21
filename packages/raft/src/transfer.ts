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
      this.#target = undefined
      return 'alreadyLeader'
    }
    const progress = this.#replication.follower(target)
    if (progress === undefined || !state.voters.includes(target)) return 'notVoter'
    if (this.#target === target) return 'started'
    this.#target = target
    this.#elapsedTicks = 0
    progress.resumeProbe()
    progress.appendDue = true
    this.onHeard(target)
    return 'started'
  }

  tick(elapsedTicks: number): void {
    this.#elapsedTicks += elapsedTicks
    if (this.#elapsedTicks >= this.#core.config.electionTicks) this.#target = undefined
  }

  /** The target has answered: perhaps its log is complete now, or the request was lost before. */
  onHeard(from: MemberId): void {
    if (from !== this.#target) return
    const { log } = this.#core
    if (this.#replication.follower(from)?.matchIndex === log.lastIndex) this.request(from)
  }

  request(to: MemberId): void {
    const { outbox, state } = this.#core
    outbox.send({ type: 'timeoutNow', from: state.id, to, term: state.term })
  }
}
