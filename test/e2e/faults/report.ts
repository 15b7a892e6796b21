/** What a run says of itself while it runs, and at its end. */

import type { CellPlan, CellResult } from './cell-plan.js'
import { isCounted, killsOf, tookEffect } from './counting.js'
import { describePlan } from './schedule.js'

export function describeCell(plan: CellPlan): string {
  const { name, seed, members, schedule } = plan
  const faults = schedule.length > 12 ? [] : schedule.map((fault) => `    ${describePlan(fault)}`)
  return [`${name}, ${members} members, seed ${seed}, ${schedule.length} faults`, ...faults].join(
    '\n',
  )
}

export function describeResult(result: CellResult): string {
  const { operations, unknown, revisions, recoveryMs, violations, withoutEffect, file } = result
  return [
    `  ${operations} operations (${unknown} unknown), ${revisions} revisions, ` +
      `${describeFaults([result])}, all equal after ${(recoveryMs / 1_000).toFixed(1)} s: ` +
      `${violations.length} violations`,
    ...(isCounted(result) ? [] : ['  DOES NOT COUNT']),
    ...withoutEffect.map((what) => `  DID NOT TAKE EFFECT: ${what}`),
    ...violations
      .slice(0, 20)
      .map(({ checker, message }) => `  VIOLATION (${checker}): ${message}`),
    ...(file === undefined ? [] : [`  the history is in ${file}`]),
  ].join('\n')
}

/**
 * Operations and faults are those of the cells that count; violations are those of all.
 *
 * @param kills how many were asked for, if that was asked
 */
export function summarize(results: readonly CellResult[], kills?: number): string {
  const counted = results.filter(isCounted)
  const total = (some: readonly CellResult[], count: (result: CellResult) => number): number =>
    some.reduce((sum, result) => sum + count(result), 0)
  const lacking = results.filter(({ withoutEffect }) => withoutEffect.length > 0).length
  return [
    `${results.length} cells, ${counted.length} of them counted: every fault in effect, nothing wrong`,
    ...(lacking === 0 ? [] : [`${lacking} cells with a fault that DID NOT TAKE EFFECT`]),
    ...(kills === undefined ? [] : [`${killsOf(results)} of ${kills} kills counted`]),
    `${total(counted, ({ operations }) => operations)} operations checked, ` +
      `${total(counted, ({ unknown }) => unknown)} of unknown outcome`,
    describeFaults(counted),
    `${total(results, ({ violations }) => violations.length)} violations`,
  ].join('\n')
}

/** How often each kind took effect, and how many operations were under way at its beginning. */
function describeFaults(results: readonly CellResult[]): string {
  const all = results.flatMap(({ faults }) => faults)
  const effective = all.filter(tookEffect)
  const kinds = new Map<string, { count: number; leaders: number; inFlight: number }>()
  for (const { plan, wasLeader, inFlight } of effective) {
    const sofar = kinds.get(plan.kind) ?? { count: 0, leaders: 0, inFlight: 0 }
    kinds.set(plan.kind, {
      count: sofar.count + 1,
      leaders: sofar.leaders + Number(wasLeader),
      inFlight: sofar.inFlight + inFlight,
    })
  }
  const told = [...kinds].map(
    ([kind, { count, leaders, inFlight }]) =>
      `${kind} ${count} (leader ${leaders}, ${(inFlight / count).toFixed(1)} in flight)`,
  )
  return `${effective.length} of ${all.length} faults in effect${told.length === 0 ? '' : `: ${told.join(', ')}`}`
}
