/** When history is cut, as an operator says it: in the words of etcd's flags. */

import type { CompactionPolicy } from './node/auto-compaction.js'

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const
const DURATION = /^(?:[0-9]+(?:h|ms|m|s))+$/
const PART = /([0-9]+)(h|ms|m|s)/g

/**
 * `'0'` is never. By time: hours, or a duration such as `72h` or `1h30m`. By revisions: how many.
 * @returns undefined for never, and `'unreadable'` for what is neither
 */
export function compactionPolicyOf(
  mode: CompactionPolicy['mode'],
  retention: string,
): CompactionPolicy | undefined | 'unreadable' {
  if (/^0+$/.test(retention)) return undefined
  const isCount = /^[0-9]{1,15}$/.test(retention)
  if (mode === 'revision') {
    return isCount ? { mode, revisions: Number(retention) } : 'unreadable'
  }
  if (isCount) return { mode, periodMs: Number(retention) * UNIT_MS.h }
  if (!DURATION.test(retention)) return 'unreadable'
  let periodMs = 0
  for (const [, count, unit] of retention.matchAll(PART)) {
    periodMs += Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
  }
  return periodMs === 0 ? undefined : { mode, periodMs }
}
