/** A number of which only the least and the greatest possible value are known, both inclusive. */

import type { Compare } from './kv-operation.js'

export interface Bounds {
  readonly from: number
  readonly to: number
}

export function bounds(known: number): Bounds {
  return { from: known, to: known }
}

/** What both allow; undefined if nothing. */
export function narrowed(a: Bounds, b: Bounds): Bounds | undefined {
  const both = { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) }
  return both.from <= both.to ? both : undefined
}

/** How the comparison of the number with the operand may come out. */
export function mayBe(
  { from, to }: Bounds,
  result: Compare['result'],
  operand: number,
): ReadonlySet<boolean> {
  const possible = new Set<boolean>()
  const isInside = from <= operand && operand <= to
  const isOnly = from === operand && to === operand
  switch (result) {
    case 'equal':
      if (isInside) possible.add(true)
      if (!isOnly) possible.add(false)
      break
    case 'notEqual':
      if (!isOnly) possible.add(true)
      if (isInside) possible.add(false)
      break
    case 'greater':
      if (to > operand) possible.add(true)
      if (from <= operand) possible.add(false)
      break
    case 'less':
      if (from < operand) possible.add(true)
      if (to >= operand) possible.add(false)
      break
  }
  return possible
}
