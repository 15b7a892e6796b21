/**
 * Linearizable reads (thesis §6.4): where a read goes, depending on who this member is. The leader's
 * quorum rounds are in `read-rounds.ts`, what a follower passes on in `forwarded-reads.ts`.
 */

import type { Core } from './core.js'
import type { ReadIndexRequest, ReadIndexResponse } from './message.js'
import type { Roles } from './roles.js'

export class ReadIndex {
  readonly #core: Core
  readonly #roles: Roles

  constructor(core: Core, roles: Roles) {
    this.#core = core
    this.#roles = roles
  }

  read(ref: number): void {
    const { state, outbox } = this.#core
    const { leadership, forwardedReads } = this.#roles
    if (leadership !== undefined) leadership.read(undefined, ref)
    else if (state.leaderId !== undefined) forwardedReads.add(ref)
    else outbox.droppedReads.add(ref)
  }

  onRequest({ from, ref }: ReadIndexRequest): void {
    const { leadership } = this.#roles
    if (leadership === undefined) this.refuse(from, ref)
    else leadership.read(from, ref)
  }

  onResponse(message: ReadIndexResponse): void {
    this.#roles.forwardedReads.onResponse(message)
  }

  /** The asker drops the read and its caller asks again, by then perhaps somebody else. */
  refuse(to: string, ref: number): void {
    const { id: from, term } = this.#core.state
    this.#core.outbox.send({ type: 'readIndexResponse', from, to, term, ref, index: undefined })
  }
}
