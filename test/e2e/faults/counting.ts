/**
 * Which cells count. One in which a fault had no effect, or no client was at work, has tested less than
 * it says; one in which something was wrong has shown something else. Neither may add to the number of
 * operations and faults that a run is proud of (etcd's robustness tests; Jepsen).
 */

import type { CellResult } from './cell-plan.js'
import type { AppliedFault } from './nemesis.js'

/** So many in a row, and more of the same would not tell anything new. */
const HOPELESS_CELLS = 3

/** Why a fault does not count, and with it its cell. */
export function lacksOf(
  { plan, member, effects }: AppliedFault,
  operationsMeanwhile: number,
): readonly string[] {
  const name = `${plan.kind} of ${member}`
  return [
    ...effects.filter(({ tookPlace }) => !tookPlace).map(({ what }) => `${name}: ${what}`),
    ...(effects.length > 0 ? [] : [`${name}: nothing shows that it took place`]),
    ...(operationsMeanwhile > 0 ? [] : [`${name}: no client asked for anything`]),
  ]
}

export function tookEffect({ effects }: AppliedFault): boolean {
  return effects.length > 0 && effects.every(({ tookPlace }) => tookPlace)
}

/** Whether every fault of its plan took effect while clients were at work, and nothing was wrong. */
export function isCounted({
  plan,
  faults,
  operations,
  withoutEffect,
  violations,
}: CellResult): boolean {
  return (
    withoutEffect.length === 0 &&
    violations.length === 0 &&
    operations > 0 &&
    faults.length > 0 &&
    faults.length === plan.schedule.length
  )
}

/** In cells that count. */
export function killsOf(results: readonly CellResult[]): number {
  return results
    .filter(isCounted)
    .flatMap(({ faults }) => faults)
    .filter(({ plan }) => plan.kind === 'kill').length
}

/** Whether a run that goes on until it has counted enough would hardly ever end. */
export function isHopeless(results: readonly CellResult[]): boolean {
  return results.length >= HOPELESS_CELLS && !results.slice(-HOPELESS_CELLS).some(isCounted)
}
