/**
 * Members that have applied the same entries have the same state, all of it: as the snapshot of a
 * state, or as a restart from disk, has it too (etcd: the hash check of its members; catalogue 26).
 */

import { check } from '../check.js'
import type { Observer, SimulatedMember } from '../simulated-member.js'

export class EqualStates implements Observer {
  /** By applied index. */
  readonly #hashes = new Map<number, { readonly id: string; readonly hash: string }>()

  onStart(member: SimulatedMember): void {
    this.look(member)
  }

  onRestored(member: SimulatedMember): void {
    this.look(member)
  }

  /** Compares the state as it is now with what others had at the same index. */
  look({ id, storage }: SimulatedMember): void {
    if (storage === undefined) return
    const { appliedIndex } = storage.state
    const { hash } = storage.state.hash()
    const known = this.#hashes.get(appliedIndex)
    if (known === undefined) this.#hashes.set(appliedIndex, { id, hash })
    else {
      check(
        known.hash === hash,
        `at ${appliedIndex} member ${id} has another state than ${known.id}`,
      )
    }
  }
}
