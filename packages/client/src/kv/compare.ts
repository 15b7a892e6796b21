/** Conditions of a transaction. All of one transaction see the state before it. */

import type { CompareInput } from '@holdfast/protocol'
import { toBytes, toRange, type KeyRange, type Value } from './keys.js'

export type Comparison = '=' | '!=' | '<' | '>'

/** A condition. Make one with `compare`, or with the `guard()` of a lock. */
export class Compare {
  /** @internal */
  readonly message: CompareInput

  /** @internal */
  constructor(message: CompareInput) {
    this.message = message
  }
}

const results = { '=': 'EQUAL', '!=': 'NOT_EQUAL', '<': 'LESS', '>': 'GREATER' } as const

function condition(
  range: KeyRange,
  comparison: Comparison,
  operand: Partial<CompareInput>,
): Compare {
  return new Compare({ ...toRange(range), result: results[comparison], ...operand })
}

/**
 * Makes conditions. With an interval, every key in it must satisfy the condition. A key that does
 * not exist has version, revisions and lease 0, and no value: no condition on its value holds.
 *
 * @example
 * ```ts
 * compare.absent('jobs/7')
 * compare.modRevision('config/mail', '=', entry.modRevision)
 * ```
 */
export const compare = Object.freeze({
  /** How often the key was put since its creation. */
  version: (range: KeyRange, comparison: Comparison, version: number): Compare =>
    condition(range, comparison, { target: 'VERSION', version }),
  /** The revision that created the key. */
  createRevision: (range: KeyRange, comparison: Comparison, createRevision: number): Compare =>
    condition(range, comparison, { target: 'CREATE', createRevision }),
  /** The revision of the key's last change. */
  modRevision: (range: KeyRange, comparison: Comparison, modRevision: number): Compare =>
    condition(range, comparison, { target: 'MOD', modRevision }),
  /** The value, compared as bytes. */
  value: (range: KeyRange, comparison: Comparison, value: Value): Compare =>
    condition(range, comparison, { target: 'VALUE', value: toBytes(value) }),
  /** The id of the lease that the key is attached to. */
  lease: (range: KeyRange, comparison: Comparison, lease: string): Compare =>
    condition(range, comparison, { target: 'LEASE', lease }),
  /** The key exists; or every key of the interval does, and there is at least one. */
  exists: (range: KeyRange): Compare =>
    condition(range, '>', { target: 'CREATE', createRevision: 0 }),
  /** The key does not exist; or the interval is empty. */
  absent: (range: KeyRange): Compare =>
    condition(range, '=', { target: 'CREATE', createRevision: 0 }),
})
