/**
 * What a person reads: first operations per second of everybody side by side, then one block a cell
 * with latencies, CPU time and what has to be known to judge a figure. Nothing is left out silently:
 * a row that was not measured says why, a cell with errors is marked.
 */

import type { Row } from './lineup.js'
import type { Machine } from './machine.js'
import type { BenchOptions } from './options.js'
import type { CellSummary } from './summary.js'
import { cellKey } from './summary.js'
import type { Spread } from './statistics.js'
import { formatNumber, formatTable, type Column } from './table.js'
import { workloadNames, type Workload } from './workloads.js'

/** A row of the line-up, and why it was not measured if it was not. */
export interface ReportedRow {
  readonly row: Row
  readonly skipped: string | undefined
}

export interface Report {
  readonly machine: Machine
  readonly options: BenchOptions
  readonly rows: readonly ReportedRow[]
  readonly cells: readonly CellSummary[]
  readonly baseline: string
}

// Above these shares a figure says more about the machine or the client than about the servers.
const CLIENT_BOUND = 0.95
const MACHINE_FULL = 0.95
const OTHERS_NOTED = 0.1

export function formatHeading({ machine, options }: Pick<Report, 'machine' | 'options'>): string {
  const { fsyncP50Ms, fsyncP99Ms, loadBefore, versions } = machine
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `${machine.cpus} CPUs (${machine.cpuModel}), ${machine.memoryGiB} GiB, ${machine.system}`,
    `fsync of a page: p50 ${formatNumber(fsyncP50Ms)} ms, p99 ${formatNumber(fsyncP99Ms)} ms; ` +
      `load before: ${formatNumber(loadBefore)}`,
    programs.join('; '),
    `${options.rounds} rounds, ${options.seconds} s a cell after ${options.warmUpSeconds} s of ` +
      'warm-up; client and servers share the CPUs. Read ratios, not figures.',
  ].join('\n')
}

export function formatReport(report: Report): string {
  const blocks = report.options.workloads.flatMap((workload) =>
    report.options.concurrency.map((inFlight) => formatBlock(report, workload, inFlight)),
  )
  return [formatOverview(report), ...blocks].join('\n\n')
}

function formatOverview(report: Report): string {
  const { options, rows } = report
  const columns: Column[] = [
    { title: 'work', align: 'left' },
    { title: 'in flight', align: 'right' },
    ...rows.map(({ row }): Column => ({ title: row.name, align: 'right' })),
  ]
  const find = finder(report.cells)
  const lines = options.workloads.flatMap((workload) =>
    options.concurrency.map((inFlight) => [
      workloadNames[workload],
      String(inFlight),
      ...rows.map(({ row, skipped }) => {
        if (skipped !== undefined) return 'skipped'
        if (!row.workloads.includes(workload)) return ''
        const cell = find({ row: row.id, workload, inFlight })
        const mark = cell !== undefined && cell.errors > 0 ? '*' : ''
        return formatNumber(cell?.opsPerSecond) + mark
      }),
    ]),
  )
  const skips = rows.flatMap(({ row, skipped }) =>
    skipped === undefined ? [] : [`skipped: ${row.name}: ${skipped}`],
  )
  const marked = lines.some((line) => line.some((text) => text.endsWith('*')))
  const legend = marked ? ['* with errors, see below'] : []
  const title = `Operations per second, median of ${options.rounds}`
  return [title, formatTable(columns, lines), ...legend, ...skips].join('\n')
}

const blockColumns = (baseline: string): readonly Column[] => [
  { title: '', align: 'left' },
  { title: 'ops/s', align: 'right' },
  { title: `of ${baseline}`, align: 'left' },
  { title: 'p50 ms', align: 'right' },
  { title: 'p99 ms', align: 'right' },
  { title: 'client µs/op', align: 'right' },
  { title: 'servers µs/op', align: 'right' },
  { title: 'notes', align: 'left' },
]

function formatBlock(report: Report, workload: Workload, inFlight: number): string {
  const find = finder(report.cells)
  const lines = report.rows
    .filter(({ row }) => row.workloads.includes(workload))
    .map(({ row, skipped }) => {
      if (skipped !== undefined) return [row.name, 'skipped', '', '', '', '', '', skipped]
      const cell = find({ row: row.id, workload, inFlight })
      return cell === undefined ? [row.name] : [row.name, ...figuresOf(cell, row, report)]
    })
  const title = `${workloadNames[workload]}, ${inFlight} in flight`
  return `${title}\n${formatTable(blockColumns(report.baseline), lines)}`
}

function figuresOf(cell: CellSummary, row: Row, report: Report): readonly string[] {
  return [
    formatNumber(cell.opsPerSecond),
    formatRatio(cell.ratio),
    formatNumber(cell.p50Ms),
    formatNumber(cell.p99Ms),
    formatNumber(cell.clientCpuMicrosPerOp),
    formatNumber(cell.serverCpuMicrosPerOp),
    notesOn(cell, row.clientCpus, report.options.rounds).join('; '),
  ]
}

export function formatRatio(ratio: Spread | undefined): string {
  if (ratio === undefined) return '–'
  const [middle, low, high] = [ratio.median, ratio.low, ratio.high].map(formatNumber)
  return low === high ? `${middle ?? ''}×` : `${middle ?? ''}× (${low ?? ''}–${high ?? ''})`
}

/** What makes a figure less than it seems. */
export function notesOn(cell: CellSummary, clientCpus: number, rounds: number): string[] {
  const notes: string[] = []
  if (cell.errors > 0) notes.push(`${cell.errors} ERRORS: ${cell.messages.join(' | ')}`)
  if (cell.rounds < rounds) notes.push(`${cell.rounds} of ${rounds} rounds`)
  if ((cell.clientCpusBusy ?? 0) >= CLIENT_BOUND * clientCpus) notes.push('client-bound')
  if ((cell.machineBusy ?? 0) >= MACHINE_FULL) notes.push('CPUs full')
  if (cell.opsPerSecond !== undefined && cell.clientCpuMicrosPerOp === undefined) {
    notes.push('CPU time: not on this system')
  }
  const others = cell.othersBusy ?? 0
  if (others >= OTHERS_NOTED) notes.push(`others used ${Math.round(others * 100)} %`)
  return notes
}

function finder(
  cells: readonly CellSummary[],
): (cell: Parameters<typeof cellKey>[0]) => CellSummary | undefined {
  const byKey = new Map(cells.map((cell) => [cellKey(cell), cell]))
  return (cell) => byKey.get(cellKey(cell))
}
