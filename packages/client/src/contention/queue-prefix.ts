/**
 * Where contenders stand: each has its own key under `<name>/`, and who created theirs first is
 * first. This is how etcd's Go package `concurrency` lays out its Mutex and Election, so that
 * programs of both kinds can contend with each other.
 *
 * Names may be paths. The queue of `invoices` must not count the keys of `invoices/42`, which lie
 * under the same prefix: only keys without a further slash are contenders.
 */

import { utf8Encode, type KeyValue } from '@holdfast/protocol'

const SLASH = 0x2f

export class QueuePrefix {
  /** The name and a slash. */
  readonly text: string
  readonly #length: number

  constructor(name: string) {
    this.text = `${name}/`
    this.#length = utf8Encode(this.text).length
  }

  /** A key that nobody else has: Go's, the lease in hexadecimal, and a part of its own. */
  newKey(leaseId: string, uniqueId: string): string {
    const lease = BigInt.asUintN(64, BigInt(leaseId)).toString(16)
    return `${this.text}${lease}-${uniqueId}`
  }

  /** Whether a key under the prefix stands in this queue, and not in that of a longer name. */
  includes({ key }: Pick<KeyValue, 'key'>): boolean {
    return !key.includes(SLASH, this.#length)
  }
}
