/** Random operations on a few keys, each value written once only, so that a read tells who wrote it. */

import type { Compare, KvInput, KvOutput } from '../history/kv-operation.js'

/** Of chance, what this needs. */
export interface Dice {
  below(bound: number): number
  happens(probability: number): boolean
  pick<T>(from: readonly T[]): T
}

const PREFIX = 'k/'
const PREFIX_END = 'k0'

export class KvMix {
  readonly #dice: Dice
  readonly #process: string
  readonly #keys: readonly string[]
  #written = 0
  /** What was seen of the keys last, so that conditions hold now and then. */
  readonly #seen = new Map<string, { readonly modRevision: number; readonly version: number }>()

  constructor(dice: Dice, process: string, keyCount: number) {
    this.#dice = dice
    this.#process = process
    this.#keys = Array.from({ length: keyCount }, (_, at) => `${PREFIX}${at}`)
  }

  next(): KvInput {
    const dice = this.#dice
    const kind = dice.below(100)
    const key = dice.pick(this.#keys)
    if (kind < 30) return { type: 'put', key, value: this.#value(), prevKv: dice.happens(0.3) }
    if (kind < 55)
      return { type: 'range', key, ...(dice.happens(0.1) ? { serializable: true } : {}) }
    if (kind < 62) return { type: 'range', key: PREFIX, rangeEnd: PREFIX_END }
    if (kind < 72) return { type: 'deleteRange', key, prevKv: dice.happens(0.5) }
    if (kind < 74) return { type: 'deleteRange', key: PREFIX, rangeEnd: PREFIX_END }
    return this.#txn(key)
  }

  saw({ response }: KvOutput): void {
    if (response.type !== 'range') return
    for (const { key, modRevision, version } of response.kvs) {
      this.#seen.set(key, { modRevision, version })
    }
  }

  #txn(key: string): KvInput {
    const dice = this.#dice
    const others = this.#keys.filter((other) => other !== key)
    const other = others.length > 0 && dice.happens(0.5) ? dice.pick(others) : undefined
    const success: KvInput[] = [{ type: 'put', key, value: this.#value() }]
    if (other !== undefined) success.push({ type: 'put', key: other, value: this.#value() })
    if (dice.happens(0.3)) success.push({ type: 'range', key: dice.pick(this.#keys) })
    return {
      type: 'txn',
      compares: [this.#compare(key)],
      success,
      failure: [{ type: 'range', key }],
    }
  }

  #compare(key: string): Compare {
    const seen = this.#seen.get(key)
    if (seen === undefined) return { key, target: 'create', result: 'equal', operand: 0 }
    const byVersion = this.#dice.happens(0.3)
    const operand = byVersion ? seen.version : seen.modRevision
    return { key, target: byVersion ? 'version' : 'mod', result: 'equal', operand }
  }

  #value(): string {
    this.#written += 1
    return `${this.#process}-${this.#written}`
  }
}
