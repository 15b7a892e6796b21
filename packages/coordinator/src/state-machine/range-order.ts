/** Which versions a range lets through, and in which order (etcd §8.9–10). */

import { compareBytes } from './interval.js'
import type { RangeOperation } from './operation.js'
import type { LiveKey } from './state-store.js'

export interface Candidate extends LiveKey {
  /** Where it is sorted by. */
  readonly value?: Uint8Array
}

type Order = (left: Candidate, right: Candidate) => number

const NO_BYTES = new Uint8Array(0)

export function hasFilters(operation: RangeOperation): boolean {
  return (
    operation.minModRevision !== 0 ||
    operation.maxModRevision !== 0 ||
    operation.minCreateRevision !== 0 ||
    operation.maxCreateRevision !== 0
  )
}

export function passesFilters(
  { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision }: RangeOperation,
  { modRevision, createRevision }: LiveKey,
): boolean {
  return (
    (maxModRevision === 0 || modRevision <= maxModRevision) &&
    (minModRevision === 0 || modRevision >= minModRevision) &&
    (maxCreateRevision === 0 || createRevision <= maxCreateRevision) &&
    (minCreateRevision === 0 || createRevision >= minCreateRevision)
  )
}

/** Undefined: as they are found, in the order of their bytes. */
export function orderOf({ sortOrder, sortTarget }: RangeOperation): Order | undefined {
  if (sortOrder !== 'descend') return ascendingBy(sortTarget)
  const ascending = ascendingBy(sortTarget) ?? byKey
  return (left, right) => ascending(right, left)
}

function byKey(left: Candidate, right: Candidate): number {
  return compareBytes(left.key, right.key)
}

function ascendingBy(target: RangeOperation['sortTarget']): Order | undefined {
  switch (target) {
    case 'key':
      return undefined
    case 'version':
      return (left, right) => left.version - right.version
    case 'create':
      return (left, right) => left.createRevision - right.createRevision
    case 'mod':
      return (left, right) => left.modRevision - right.modRevision
    case 'value':
      return (left, right) => compareBytes(left.value ?? NO_BYTES, right.value ?? NO_BYTES)
  }
}

/** Kept beyond what is wanted before the rest is dropped: sorting costs by the piece. */
const SLACK = 1_000

/** The first `wanted` in an order, of any number, without keeping the others. */
export class FirstInOrder {
  readonly #wanted: number
  readonly #order: Order | undefined
  #kept: Candidate[] = []

  constructor(wanted: number, order: Order | undefined) {
    this.#wanted = wanted
    this.#order = order
  }

  add(candidate: Candidate): void {
    if (this.#order === undefined && this.#kept.length >= this.#wanted) return
    this.#kept.push(candidate)
    if (this.#kept.length >= 2 * this.#wanted + SLACK) this.#cut()
  }

  take(): readonly Candidate[] {
    this.#cut()
    return this.#kept
  }

  /** The sort is stable, and what was kept stands before what came later: equals stay in their order. */
  #cut(): void {
    if (this.#order !== undefined) this.#kept.sort(this.#order)
    this.#kept = this.#kept.slice(0, this.#wanted)
  }
}
