/** How often a run came to states that are rare: a tester that never does proves nothing. */

import type { AppliedBatch, CommittedProposal, LogWrite } from '@holdfast/coordinator/parts'
import type { Message, Status } from '@holdfast/raft'
import type { Observer, SimulatedMember } from './simulated-member.js'

export class Coverage implements Observer {
  readonly counts = {
    restarts: 0,
    crashes: 0,
    stepDowns: 0,
    truncations: 0,
    restores: 0,
    forwardedProposals: 0,
    forwardedReads: 0,
    rejectedAppends: 0,
    transfers: 0,
    repeatedRequests: 0,
    voidExpiries: 0,
    membershipChanges: 0,
  }
  readonly #leading = new Set<string>()
  readonly #requests = new Map<string, number>()

  onStart({ id, starts }: SimulatedMember): void {
    this.#leading.delete(id)
    if (starts > 1) this.counts.restarts += 1
  }

  onCrash(): void {
    this.counts.crashes += 1
  }

  onStatus({ id }: SimulatedMember, { role }: Status): void {
    if (role === 'leader') this.#leading.add(id)
    else if (this.#leading.delete(id)) this.counts.stepDowns += 1
  }

  onWrite({ storage }: SimulatedMember, { entries }: LogWrite): void {
    const first = entries[0]
    if (first !== undefined && storage !== undefined && first.index <= storage.log.lastIndex()) {
      this.counts.truncations += 1
    }
    const changes = entries.filter(({ kind }) => kind === 'membership')
    this.counts.membershipChanges += changes.length
  }

  onSend(_member: SimulatedMember, { type }: Message): void {
    if (type === 'forwardProposal') this.counts.forwardedProposals += 1
    else if (type === 'readIndexRequest') this.counts.forwardedReads += 1
    else if (type === 'appendEntriesRejected') this.counts.rejectedAppends += 1
    else if (type === 'timeoutNow') this.counts.transfers += 1
  }

  onApplied(
    _member: SimulatedMember,
    committed: readonly CommittedProposal[],
    { proposals }: AppliedBatch,
  ): void {
    for (const { proposal, outcome } of proposals) {
      if (outcome.ok && outcome.result.type === 'leaseExpire' && outcome.result.void) {
        this.counts.voidExpiries += 1
      }
      this.#countRequest(proposal.requestId?.id, committed)
    }
  }

  onRestored(): void {
    this.counts.restores += 1
  }

  /** The same request in two entries of the log. */
  #countRequest(id: string | undefined, committed: readonly CommittedProposal[]): void {
    if (id === undefined) return
    const index = committed.find(({ proposal }) => proposal?.requestId?.id === id)?.index ?? 0
    const known = this.#requests.get(id)
    if (known === undefined) this.#requests.set(id, index)
    else if (known < index) {
      this.#requests.set(id, index)
      this.counts.repeatedRequests += 1
    }
  }
}
