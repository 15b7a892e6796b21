/** The evidence as a person reads it: one line a member. */

import type { Evidence, MemberEvidence } from './evidence.js'
import { formatNumber, formatTable, type Column } from './table.js'

const columns: readonly Column[] = [
  { title: '', align: 'left' },
  { title: 'entries/s', align: 'right' },
  { title: 'fsyncs/s', align: 'right' },
  { title: 'entries per fsync', align: 'right' },
  { title: 'loop delay p50 ms', align: 'right' },
  { title: 'p99 ms', align: 'right' },
  { title: 'max ms', align: 'right' },
  { title: 'fsyncs seen by strace, apart', align: 'left' },
]

const PROBE_LEGEND = 'A loop delay of 10 ms is an idle loop: it is the period of the probe.'
const NOT_COUNTED = 'not counted'

export function formatEvidence(all: readonly (Evidence | string)[]): string {
  const found = all.filter((evidence) => typeof evidence !== 'string')
  const notes = all.filter((evidence) => typeof evidence === 'string')
  const lines = found.flatMap(({ contestant, members }) =>
    members.map((member, index) => [
      `${contestant}, member ${index + 1}${member.leads ? ', leads' : ''}`,
      ...figuresOf(member),
    ]),
  )
  const work = found.map(
    ({ contestant, inFlight, opsPerSecond }) =>
      `${contestant}: put, ${inFlight} in flight, ${formatNumber(opsPerSecond)}/s`,
  )
  const title = 'What a commit costs the disk and the event loop'
  return [title, ...work, formatTable(columns, lines), PROBE_LEGEND, ...notes].join('\n')
}

function figuresOf(member: MemberEvidence): readonly string[] {
  const { entriesPerSecond, fsyncsPerSecond, loopDelayMs } = member
  const perFsync =
    entriesPerSecond === undefined || fsyncsPerSecond === undefined
      ? undefined
      : entriesPerSecond / fsyncsPerSecond
  return [
    formatNumber(entriesPerSecond),
    fsyncsPerSecond === undefined ? NOT_COUNTED : formatNumber(fsyncsPerSecond),
    formatNumber(perFsync),
    formatNumber(loopDelayMs?.p50),
    formatNumber(loopDelayMs?.p99),
    formatNumber(loopDelayMs?.max),
    seenByStrace(member),
  ]
}

function seenByStrace({ traced }: MemberEvidence): string {
  if (traced === undefined) return ''
  if (typeof traced === 'string') return `skipped: ${traced}`
  const { onMainThread, onOtherThreads, entries } = traced
  return (
    `event loop ${onMainThread}, other threads ${onOtherThreads}, ` +
    `for ${formatNumber(entries)} entries`
  )
}
