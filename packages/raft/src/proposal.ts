/**
 * Proposals: appended by a leader, passed on once by a follower, refused by anybody else.
 *
 * Invariants: a member that receives a forwarded proposal and does not lead never passes it on, so
 * a proposal cannot travel in circles; a refusal means "appended nowhere". Whether a forwarded
 * proposal that is not refused was appended is not known to its sender.
 */

import type { Core } from './core.js'
import { invariant } from './invariant.js'
import type { ForwardProposal, ForwardProposalRejected } from './message.js'
import type { Roles } from './roles.js'

/**
 * - `appended`: in the local log of a leader.
 * - `forwarded`: on its way to the leader; `Ready.droppedProposals` names it if it was refused.
 * - `noLeader`: certainly not appended; also said by a leader that is handing over.
 * - `tooManyUncommitted`: certainly not appended.
 */
export type ProposeResult = 'appended' | 'forwarded' | 'noLeader' | 'tooManyUncommitted'

export class Proposals {
  readonly #core: Core
  readonly #roles: Roles

  constructor(core: Core, roles: Roles) {
    this.#core = core
    this.#roles = roles
  }

  propose(commands: readonly Uint8Array[], ref: number): ProposeResult {
    invariant(commands.length > 0, 'a proposal has at least one command')
    const { leadership } = this.#roles
    if (leadership !== undefined) {
      const result = leadership.append(commands)
      return result === 'transferring' ? 'noLeader' : result
    }
    const { state, outbox } = this.#core
    const { id: from, leaderId: to, term } = state
    if (to === undefined) return 'noLeader'
    outbox.send({ type: 'forwardProposal', from, to, term, ref, commands })
    return 'forwarded'
  }

  /** The message is of the present term: see `TermRules`. */
  onForwarded(message: ForwardProposal): void {
    const { commands } = message
    if (commands.length > 0 && this.#roles.leadership?.append(commands) === 'appended') return
    this.refuse(message)
  }

  refuse({ from: to, ref }: ForwardProposal): void {
    const { id: from, term } = this.#core.state
    this.#core.outbox.send({ type: 'forwardProposalRejected', from, to, term, ref })
  }

  onRejected({ ref }: ForwardProposalRejected): void {
    this.#core.outbox.droppedProposals.add(ref)
  }
}
