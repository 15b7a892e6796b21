/**
 * Keeps the transport connected to whom this member must talk to, as the membership changes.
 *
 * Who is removed is cut off an election timeout after that is committed, and not at once: the answer
 * to whoever asked for it may be on its way through that member.
 */

import type { Raft } from '@holdfast/raft'
import { peerBookOf, reachable, type PeerBook } from './peer-book.js'
import type { PeerTransport } from './peer-transport.js'

export interface PeerConnectionsOptions {
  readonly raft: Pick<Raft, 'membership' | 'committedMembership'>
  readonly transport: Pick<PeerTransport, 'setPeers'>
  readonly electionTicks: number
}

export class PeerConnections {
  readonly #options: PeerConnectionsOptions
  /** What was committed an election timeout ago, or when this member started. */
  #settled: PeerBook
  #committedIndex: number
  /** Until what is committed is settled; 0 if it is. */
  #ticksLeft = 0

  constructor(options: PeerConnectionsOptions) {
    this.#options = options
    const { index, membership } = options.raft.committedMembership
    this.#committedIndex = index
    this.#settled = peerBookOf(membership)
  }

  /** Another membership is in force. */
  onMembership(): void {
    const { raft, transport } = this.#options
    transport.setPeers(reachable(peerBookOf(raft.membership.membership), this.#settled))
  }

  tick(): void {
    const { raft, electionTicks } = this.#options
    const { index, membership } = raft.committedMembership
    if (index !== this.#committedIndex) {
      this.#committedIndex = index
      this.#ticksLeft = electionTicks
    }
    if (this.#ticksLeft === 0) return
    this.#ticksLeft -= 1
    if (this.#ticksLeft > 0) return
    this.#settled = peerBookOf(membership)
    this.onMembership()
  }
}
