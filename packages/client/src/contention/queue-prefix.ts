/**
 * Where contenders stand: each has its own key under `<name>/`, and who created theirs first is
 * first. This is how etcd's Go package `concurrency` lays out its Mutex and Election, so that
 * programs of both kinds can contend with each other.
 *
 * Names may be paths, and keys of other kinds may lie under the same prefix. The queue of `invoices`
 * must count neither the contenders for `invoices/42` nor `invoices/total`: the one would hold up the
 * queue for a while, and the other for ever.
 */

import { utf8Decode, utf8Encode, type KeyValue } from '@holdfast/protocol'

/** What a contender's key has behind the prefix: its lease, and perhaps a part of its own. */
const OWN_PART = /^([0-9a-f]+)(-[^/]*)?$/
/**
 * Leases that are drawn at random have so many digits, but for one in 30,000. By them a contender is
 * known also when somebody has written over its key, and so taken it off its lease: it may hold on.
 */
const DIGITS_OF_A_LEASE = 13

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
    return `${this.text}${hexadecimal(leaseId)}-${uniqueId}`
  }

  /** Whether a key under the prefix is that of a contender. */
  includes({ key, lease }: Pick<KeyValue, 'key' | 'lease'>): boolean {
    const [, digits = ''] = OWN_PART.exec(utf8Decode(key.subarray(this.#length))) ?? []
    return digits !== '' && (digits.length >= DIGITS_OF_A_LEASE || digits === hexadecimal(lease))
  }
}

function hexadecimal(leaseId: string): string {
  return BigInt.asUintN(64, BigInt(leaseId)).toString(16)
}
