/**
 * For each operation, the highest revision that any client had been told of when it began: what a
 * linearizable read must not be below, and what a write must be above.
 */

import type { KvRecord } from './kv-operation.js'

export function floorsOf(records: readonly KvRecord[]): ReadonlyMap<KvRecord, number> {
  const completions = records
    .flatMap(({ endMs, outcome }) =>
      outcome.type === 'ok' ? [{ atMs: endMs ?? Infinity, revision: outcome.output.revision }] : [],
    )
    .sort((a, b) => a.atMs - b.atMs)
  const floors = new Map<KvRecord, number>()
  let floor = 0
  let next = 0
  for (const record of [...records].sort((a, b) => a.startMs - b.startMs)) {
    for (;;) {
      const completion = completions[next]
      if (completion === undefined || completion.atMs >= record.startMs) break
      floor = Math.max(floor, completion.revision)
      next += 1
    }
    floors.set(record, floor)
  }
  return floors
}
