/**
 * From the cells of all rounds to one figure a cell: the median of the rounds. A ratio is taken inside
 * each round, where both were measured within minutes of each other, and only then its median.
 */

import type { CellFigures } from './driver-protocol.js'
import type { CellId, CellResult, MeasuredCell } from './result.js'
import { median, spread, type Spread } from './statistics.js'

export interface CellSummary extends CellId {
  /** Rounds that brought a figure. */
  readonly rounds: number
  readonly opsPerSecond: number | undefined
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  readonly clientCpuMicrosPerOp: number | undefined
  readonly serverCpuMicrosPerOp: number | undefined
  readonly clientCpusBusy: number | undefined
  readonly machineBusy: number | undefined
  readonly othersBusy: number | undefined
  /** Operations per second, divided by the baseline's of the same round. */
  readonly ratio: Spread | undefined
  /** Of all rounds together. */
  readonly errors: number
  readonly messages: readonly string[]
}

export function summarize(results: readonly CellResult[], baseline: string): CellSummary[] {
  const cells = new Map<string, CellResult[]>()
  for (const result of results) {
    const known = cells.get(cellKey(result))
    if (known === undefined) cells.set(cellKey(result), [result])
    else known.push(result)
  }
  return [...cells.values()].map((rounds) => {
    const [{ row, workload, inFlight }] = rounds as [CellResult, ...CellResult[]]
    const base = cells.get(cellKey({ row: baseline, workload, inFlight })) ?? []
    return { row, workload, inFlight, ...summaryOf(rounds), ratio: ratioOf(rounds, base) }
  })
}

export function cellKey({ row, workload, inFlight }: CellId): string {
  return `${row} ${workload} ${inFlight}`
}

function summaryOf(rounds: readonly CellResult[]): Omit<CellSummary, keyof CellId | 'ratio'> {
  const measured = rounds.flatMap(({ outcome }) => ('failure' in outcome ? [] : [outcome]))
  const failures = rounds.flatMap(({ outcome }) => ('failure' in outcome ? [outcome.failure] : []))
  const middle = (read: (cell: MeasuredCell) => number | undefined): number | undefined => {
    const values = measured.map(read).filter((value) => value !== undefined)
    return values.length === 0 ? undefined : median(values)
  }
  return {
    rounds: measured.length,
    opsPerSecond: middle((cell) => cell.opsPerSecond),
    p50Ms: middle((cell) => cell.p50Ms),
    p99Ms: middle((cell) => cell.p99Ms),
    clientCpuMicrosPerOp: middle((cell) => cell.clientCpuMicrosPerOp),
    serverCpuMicrosPerOp: middle((cell) => cell.serverCpuMicrosPerOp),
    clientCpusBusy: middle((cell) => cell.clientCpusBusy),
    machineBusy: middle((cell) => cell.machineBusy),
    othersBusy: middle((cell) => cell.othersBusy),
    errors: failures.length + measured.reduce((sum, { errors }: CellFigures) => sum + errors, 0),
    messages: [...new Set([...failures, ...measured.flatMap((cell) => cell.errorMessages)])],
  }
}

function ratioOf(rounds: readonly CellResult[], base: readonly CellResult[]): Spread | undefined {
  return spread(
    rounds.flatMap(({ round, outcome }) => {
      const other = base.find((candidate) => candidate.round === round)?.outcome
      if (other === undefined || 'failure' in other || 'failure' in outcome) return []
      return [outcome.opsPerSecond / other.opsPerSecond]
    }),
  )
}
