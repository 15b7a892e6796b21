/**
 * A read sees everything that was committed anywhere when it was asked for (thesis §6.4), and each
 * is answered or dropped once.
 */

import type { CommittedLog } from './committed-log.test-support.js'
import { check } from './observed-member.test-support.js'

export class ReadFreshness {
  readonly #committed: CommittedLog
  readonly #floors = new Map<number, number>()

  constructor(committed: CommittedLog) {
    this.#committed = committed
  }

  onAsked(ref: number): void {
    this.#floors.set(ref, this.#committed.length)
  }

  onAnswered(ref: number, index: number): void {
    const floor = this.#floors.get(ref)
    check(floor !== undefined, `read ${ref} was answered twice or never asked`)
    check(index >= floor, `read ${ref} was answered with ${index}, but ${floor} was committed`)
    this.#floors.delete(ref)
  }

  onDropped(ref: number): void {
    check(this.#floors.delete(ref), `read ${ref} was dropped twice or after its answer`)
  }

  /** The asker crashed, and its reads with it. */
  onForgotten(ref: number): void {
    this.#floors.delete(ref)
  }
}
