/**
 * To whom a leader may hand the leadership for a reason of its own: voters that it hears, if they are
 * a quorum without it; one after the other, since it knows nothing of their disks.
 */

import type { Membership, MemberId, Raft } from '@holdfast/raft'

export interface HeirsParts {
  readonly memberId: MemberId
  readonly raft: Pick<Raft, 'isActive'> & {
    readonly membership: { readonly membership: Pick<Membership, 'voters'> }
  }
}

export class Heirs {
  readonly #parts: HeirsParts
  #named = 0

  constructor(parts: HeirsParts) {
    this.#parts = parts
  }

  next(): MemberId | undefined {
    const { raft, memberId } = this.#parts
    const { voters } = raft.membership.membership
    const active = voters.filter((id) => id !== memberId && raft.isActive(id))
    if (2 * active.length <= voters.length) return undefined
    this.#named += 1
    return active[this.#named % active.length]
  }
}
