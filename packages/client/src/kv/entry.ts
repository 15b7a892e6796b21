/** A key with its value and its history, as reads, watches and previous values give it. */

import { utf8Decode, type KeyValue } from '@holdfast/protocol'
import { inspection } from '../inspection.js'

export class Entry {
  readonly #kv: KeyValue

  /** @internal */
  constructor(kv: KeyValue) {
    this.#kv = kv
  }

  /** The key as text. If it is not UTF-8, use `keyBytes`. */
  get key(): string {
    return utf8Decode(this.#kv.key)
  }

  get keyBytes(): Uint8Array {
    return this.#kv.key
  }

  /** The value as it is stored. Empty when only keys were asked for, and in the event of a delete. */
  get bytes(): Uint8Array {
    return this.#kv.value
  }

  /** The value as text. Bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    return utf8Decode(this.#kv.value)
  }

  /**
   * The value parsed as JSON. Nothing checks that it is a `T`.
   *
   * @throws {SyntaxError} when it is not JSON.
   */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- a cast, spelled as such
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T
  }

  /** The revision that created the key. A key that is deleted and created again has a new one. */
  get createRevision(): number {
    return this.#kv.createRevision
  }

  /** The revision of the last change. */
  get modRevision(): number {
    return this.#kv.modRevision
  }

  /** How often the key was put since it was created: 1 for a new one. */
  get version(): number {
    return this.#kv.version
  }

  /** The id of the lease that the key ends with; `'0'` for none. */
  get lease(): string {
    return this.#kv.lease
  }

  /** For logs: the key and the value as text, whatever bytes they are, and the history. */
  toJSON(): object {
    const { key, createRevision, modRevision, version, lease } = this
    return { key, value: this.text(), createRevision, modRevision, version, lease }
  }

  /** @internal */
  [inspection](): object {
    return this.toJSON()
  }
}

export function toEntry(kv: KeyValue): Entry {
  return new Entry(kv)
}
