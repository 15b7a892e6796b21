/** What a driver is: a client library made to do the workloads, in a process of its own. */

import type { Operation } from '../measure.js'
import type { Workload } from '../workloads.js'

export interface Driver {
  /** A workload that is missing is not offered by what is driven. */
  readonly operations: Readonly<Partial<Record<Workload, Operation>>>
  close(): Promise<void>
}

/** Endpoints are URLs. Every call goes to the next endpoint in turn, unless the library decides. */
export type OpenDriver = (endpoints: readonly string[]) => Promise<Driver>
