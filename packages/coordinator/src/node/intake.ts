/**
 * What a member without room takes in from others (catalogue 36). Entries are lost on the way, as it
 * were: the leader sends them again. A proposal that makes the store grow is refused, which tells who
 * forwarded it that it was appended nowhere (thesis §6.2), and others pass.
 *
 * A forwarded batch is taken as a whole or not at all, since one answer stands for all of it.
 */

import type { MemberId, Message, Raft } from '@holdfast/raft'
import type { Command, Proposal } from '../state-machine/command.js'
import type { PeerTransport } from './peer-transport.js'
import { grows } from '../state-machine/growth.js'

type ForwardProposal = Extract<Message, { type: 'forwardProposal' }>

export interface IntakeParts {
  readonly memberId: MemberId
  readonly raft: Pick<Raft, 'status'>
  readonly transport: Pick<PeerTransport, 'send'>
  readonly decode: (data: Uint8Array) => Pick<Proposal, 'command'>
  readonly hasNoRoom: () => boolean
  /** Asks for a turn of the node's loop, which sends what was said. */
  readonly wake: () => void
}

export class Intake {
  readonly #parts: IntakeParts

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /** Whether the core may see it. */
  admits(message: Message): boolean {
    if (!this.#parts.hasNoRoom()) return true
    if (message.type === 'appendEntries') return message.entries.length === 0
    if (message.type !== 'forwardProposal') return true
    const admitted = !message.commands.some((data) => this.#grows(data))
    if (!admitted) this.#refuse(message)
    return admitted
  }

  #refuse({ from: to, ref }: ForwardProposal): void {
    const { memberId: from, raft, transport, wake } = this.#parts
    transport.send({ type: 'forwardProposalRejected', from, to, term: raft.status.term, ref })
    wake()
  }

  /** What cannot be read is not taken in either. */
  #grows(data: Uint8Array): boolean {
    let command: Command
    try {
      command = this.#parts.decode(data).command
    } catch {
      return true
    }
    return grows(command)
  }
}
