/** What the invariants see of one member, and how they compare and complain. */

import type { Entry } from '../entry.js'

export interface ObservedMember {
  readonly id: string
  /** The log as the core has it, durable or not. Never changed in place. */
  readonly volatileLog: readonly Entry[]
  /** What a crash would leave. */
  readonly durableTerm: number
  readonly durableVote: string | undefined
  durableAt(index: number): Entry | undefined
  /** Of the membership in force, as the core counts. */
  readonly voters: readonly string[]
  /** Of the membership in force, and of the one before. */
  readonly voterSets: readonly (readonly string[])[]
}

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`safety: ${message}`)
}

export function dataOf(entry: Entry): string {
  return `${entry.kind} ${entry.data.join(',')}`
}

export function isSame(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a === b || (a.index === b.index && a.term === b.term && dataOf(a) === dataOf(b))
}
