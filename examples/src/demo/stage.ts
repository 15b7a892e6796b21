/** What each act of the demo plays on. */

import type { ProcessCluster } from '@holdfast/testkit'
import type { Checks } from './checks.js'
import type { Workers } from './workers.js'

export interface Stage {
  readonly cluster: ProcessCluster
  readonly workers: Workers
  readonly checks: Checks
  /** Aborts when the demo is told to end: nothing may be started after that. */
  readonly ending: AbortSignal
}
