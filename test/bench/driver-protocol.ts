/**
 * How the bench talks to a driver process, one JSON object a line: the same for Node and for Go. The
 * bench sends a request for each cell; the driver answers `warm` when the measured window opens,
 * `ended` when it closes, so that the bench can read everybody's CPU time at both ends, and then
 * `measured`. A driver ends when its standard input does.
 */

import type { Workload } from './workloads.js'

export interface CellRequest {
  readonly workload: Workload
  readonly inFlight: number
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly value: string
}

export interface CellFigures {
  /** Operations that succeeded inside the window. */
  readonly ops: number
  /** How long the window was open in fact. */
  readonly elapsedSeconds: number
  /** Missing when nothing succeeded. */
  readonly p50Ms?: number | undefined
  readonly p99Ms?: number | undefined
  /** Operations that failed, the warm-up included. */
  readonly errors: number
  /** The first few different messages. */
  readonly errorMessages: readonly string[]
}

export type DriverEvent =
  | { readonly event: 'ready' }
  | { readonly event: 'warm' }
  | { readonly event: 'ended' }
  | { readonly event: 'measured'; readonly figures: CellFigures }
  | { readonly event: 'failed'; readonly message: string }

/** Libraries may print to standard output too: what is no event of ours is none of ours. */
export function parseDriverEvent(line: string): DriverEvent | undefined {
  if (!line.startsWith('{"event":')) return undefined
  return JSON.parse(line) as DriverEvent
}
