/** One client process of a run, and what its work is given. */

import type { Holdfast, Transport } from '@holdfast/client'
import type { Chance } from './chance.js'
import type { Host } from './host.js'
import type { RunRecords } from './run-records.js'

export interface ClientProcess {
  /** Unique in the run; a process that takes the place of a killed one has another name. */
  readonly name: string
  readonly host: Host
  readonly client: Holdfast
  /** For what the client does not ask for: it must be answered rightly as well. */
  readonly transport: Transport
  readonly endpoints: readonly string[]
  /** The id of the newest write that was sent, whatever became of it; undefined before the first. */
  readonly lastWriteId: () => string | undefined
  readonly chance: Chance
  readonly records: RunRecords
  /** True when no further operation is to be begun. */
  readonly isToEnd: () => boolean
  /** By the clock of the process. */
  readonly pause: (delayMs: number) => Promise<void>
}

/** Does at most so many operations, one after the other, and leaves nothing open. */
export type Workload = (process: ClientProcess, operations: number) => Promise<void>
