/** What a run brings: a figure for each cell of each round, as it was measured. */

import type { CellFigures } from './driver-protocol.js'
import type { Workload } from './workloads.js'

/** The place of a figure in the tables. */
export interface CellId {
  readonly row: string
  readonly workload: Workload
  readonly inFlight: number
}

export interface CellResult extends CellId {
  /** Counted from 1. */
  readonly round: number
  readonly outcome: MeasuredCell | FailedCell
}

export interface MeasuredCell extends CellFigures {
  readonly opsPerSecond: number
  /** Undefined where the CPU time of another process cannot be read. */
  readonly clientCpuMicrosPerOp: number | undefined
  /** Of all members together. */
  readonly serverCpuMicrosPerOp: number | undefined
  /** How many CPUs the client's process kept busy. */
  readonly clientCpusBusy: number | undefined
  /** The share of the machine that was busy, and that neither client nor servers used: 0 to 1. */
  readonly machineBusy: number
  readonly othersBusy: number | undefined
}

/** There is no figure: the servers did not start, the driver died, or it fell silent. */
export interface FailedCell {
  readonly failure: string
}
