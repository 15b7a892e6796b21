/** What the clients of a cell do, until they are told to end. */

import type { Holdfast } from '@holdfast/client'
import type { Effect } from './nemesis.js'
import type { Recorder } from './recorder.js'

/** Written when all faults are over and all clients have ended: who watches may stop then. */
export const LAST_KEY = 'aftermath'

export interface WorkloadContext {
  readonly seed: number
  readonly startMs: number
  readonly recorder: Recorder
  readonly sessionTtlSeconds: number
  /** Where clients reach the members, over links that break. */
  readonly endpoints: readonly string[]
  /** Aborts when the clients are to end. */
  readonly ending: AbortSignal
  /** Aborts when nothing more is waited for, even if something is missing. */
  readonly givenUp: AbortSignal
  /** A client that uses the members from this one on, in their order. Closed after the run. */
  connect(first: number): Holdfast
  /** A client of this member alone, which it does not leave when it fails. */
  connectOnly(member: number): Holdfast
  /** A generator of its own for each name, so that one client's draws change nobody else's. */
  random(name: string): () => number
  /** Offers a holder to whoever stops holders. */
  addHolders(pauseHolder: () => Promise<readonly Effect[]>): void
}

export interface Workload {
  readonly name: string
  /** Whether it has processes that hold something and can be stopped. */
  readonly hasHolders?: boolean
  /** Whether it goes on until the last key has been written, when the others have ended. */
  readonly isObserver?: boolean
  /** Resolves when every client has ended, and everything that they asked for is answered. */
  run(context: WorkloadContext): Promise<void>
}

/** Asked anew each time: it changes while a client waits. */
export const isEnding = ({ ending }: WorkloadContext): boolean => ending.aborted
