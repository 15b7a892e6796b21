/**
 * How much the answer to one request may hold, whatever is looked at to make it. It is made as a whole,
 * so without a bound one range of a large store would take the member's memory (catalogue 87); etcd has
 * none. A command in the log has no bound either: it must have the same outcome on every member, and one
 * that was once accepted as well.
 */

import type { KeyValue } from './operation.js'
import { Refusal } from './outcome.js'

/** In base64 it still fits in what clients take as one answer. */
export const MAX_READ_BYTES = 128 * 1024 * 1024
/** What a key costs besides its bytes, in memory and in the answer. */
const BYTES_PER_KEY = 128

export class ReadBudget {
  #leftBytes: number

  constructor(bytes: number) {
    this.#leftBytes = bytes
  }

  /** @throws Refusal `readTooLarge` */
  spendOnKey({ key }: Pick<KeyValue, 'key'>): void {
    this.#spend(key.byteLength + BYTES_PER_KEY)
  }

  /** @throws Refusal `readTooLarge` */
  spendOnValue({ value }: Pick<KeyValue, 'value'>): void {
    this.#spend(value.byteLength)
  }

  #spend(bytes: number): void {
    this.#leftBytes -= bytes
    if (this.#leftBytes < 0) throw new Refusal('readTooLarge')
  }
}

/** Of commands. */
export const UNBOUNDED = new ReadBudget(Infinity)
