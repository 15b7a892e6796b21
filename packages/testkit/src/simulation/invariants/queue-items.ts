/**
 * Queues neither lose nor invent: what was acknowledged to a producer is delivered until a consumer's
 * acknowledgement is answered, and never after that (catalogue 84–88; Jepsen: total-queue).
 */

import { check } from '../check.js'

type Push = 'pending' | 'pushed' | 'unknown'

export class QueueItems {
  /** By value, which is unique. */
  readonly #pushes = new Map<string, Push>()
  readonly #acked = new Set<string>()
  /** Acknowledgements by value that may have taken effect, or may yet. */
  readonly #maybeAcked = new Map<string, number>()
  #deliveries = 0

  get deliveries(): number {
    return this.#deliveries
  }

  pushing(value: string): void {
    this.#pushes.set(value, 'pending')
  }

  pushed(value: string): void {
    this.#pushes.set(value, 'pushed')
  }

  /** It certainly failed. */
  notPushed(value: string): void {
    this.#pushes.delete(value)
  }

  pushUnknown(value: string): void {
    this.#pushes.set(value, 'unknown')
  }

  /** @param isZombie by a claim that had ended while its consumer's machine, and its clock, slept */
  delivered(value: string, isZombie = false): void {
    this.#deliveries += 1
    check(this.#pushes.has(value), `item ${value} came from nowhere`)
    check(
      isZombie || !this.#acked.has(value),
      `item ${value} was delivered after it was acknowledged`,
    )
  }

  acking(value: string): void {
    this.#maybeAcked.set(value, (this.#maybeAcked.get(value) ?? 0) + 1)
  }

  /** It certainly failed. */
  notAcked(value: string): void {
    const left = (this.#maybeAcked.get(value) ?? 0) - 1
    if (left > 0) this.#maybeAcked.set(value, left)
    else this.#maybeAcked.delete(value)
  }

  acked(value: string): void {
    this.#acked.add(value)
  }

  /** What must still be there. */
  get remaining(): readonly string[] {
    return [...this.#pushes]
      .filter(([value, push]) => push === 'pushed' && !this.#maybeAcked.has(value))
      .map(([value]) => value)
  }

  /** @param values everything that is in the queue at the end */
  checkContent(values: readonly string[]): void {
    const content = new Set(values)
    check(content.size === values.length, 'an item is in the queue twice')
    for (const value of this.remaining) check(content.has(value), `item ${value} is lost`)
    for (const value of values) {
      check(this.#pushes.has(value), `item ${value} came from nowhere`)
      check(!this.#acked.has(value), `item ${value} is there after it was acknowledged`)
    }
  }
}
