/** What a cell is to do, and what came of it. */

import type { AppliedFault } from './nemesis.js'
import type { Network } from './networks.js'
import type { PlannedFault } from './schedule.js'
import type { Complaint } from './verdict.js'
import type { Workload } from './workload.js'

export interface CellPlan {
  readonly name: string
  readonly seed: number
  readonly members: number
  readonly network: Network
  readonly heartbeatIntervalMs: number
  readonly electionTimeoutMs: number
  readonly workloads: readonly Workload[]
  readonly schedule: readonly PlannedFault[]
}

export interface CellResult {
  readonly plan: CellPlan
  readonly faults: readonly AppliedFault[]
  readonly operations: number
  /** Of unknown outcome. */
  readonly unknown: number
  readonly revisions: number
  readonly recoveryMs: number
  /** What is wrong with the product. */
  readonly violations: readonly Complaint[]
  /** Faults without effect, of which the run says nothing. */
  readonly withoutEffect: readonly string[]
  /** Where the history was written, if there is something to look for in it. */
  readonly file: string | undefined
}
