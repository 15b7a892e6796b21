/** What is fuzzed: a member as a process, or a fake of one that does what no member may. */

import type { Address } from './address.js'

export interface Target {
  readonly address: Address
  /** Changes when the process was started anew; undefined when it is gone. */
  readonly pid: () => number | undefined
  readonly rssBytes: () => number
  /** Lines that tell of a defect, of those that were not asked for before. */
  readonly complaints: () => readonly string[]
  /** Whether it serves. */
  readonly isHealthy: () => Promise<boolean>
  /** All that clients can know of what it stores, as one text to compare. */
  readonly state: () => Promise<string>
  /**
   * Takes back what would change by itself, or keep it from serving: leases and alarms; and all keys
   * if `isWhole`.
   */
  readonly tidy: (isWhole: boolean) => Promise<void>
  readonly close: () => Promise<void>
}
