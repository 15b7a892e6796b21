/**
 * What a fault does, and how it proves that it did: a run whose faults had no effect has tested
 * nothing, and does not count (etcd's robustness tests; Jepsen).
 */

import type { DiskFaults, FaultyCluster, MemberProcess } from '@holdfast/testkit'
import type { PlannedFault } from './schedule.js'

export interface Stage extends FaultyCluster {
  readonly electionTimeoutMs: number
  /** Operations of clients that are under way. */
  readonly inFlight: () => number
  /** Stops a client that holds something until it has lost it; several, if several offer that. */
  readonly pauseHolders: readonly (() => Promise<readonly Effect[]>)[]
  /** By the members' names; none where disks cannot be made to fail. */
  readonly disks: ReadonlyMap<string, DiskFaults>
  /** Waits for a member to end, which is then not held against it; false if it does not. */
  readonly endsByItself: (member: MemberProcess, withinMs: number) => Promise<boolean>
  readonly complain: (what: string) => void
  /** Complains unless a new operation succeeds soon: a majority is there and within reach. */
  readonly expectProgress: (while_: string) => Promise<void>
}

export interface Effect {
  readonly what: string
  readonly tookPlace: boolean
}

export interface AppliedFault {
  readonly plan: PlannedFault
  readonly member: string
  readonly wasLeader: boolean
  readonly fromMs: number
  readonly toMs: number
  readonly inFlight: number
  readonly effects: readonly Effect[]
}

/** Begins, lasts, ends, and tells its effects. */
export type Nemesis = (
  stage: Stage,
  fault: {
    readonly plan: PlannedFault
    readonly member: MemberProcess
    readonly wasLeader: boolean
    /** Of the leader, when the fault began. */
    readonly term: number
  },
) => Promise<readonly Effect[]>

export function effect(what: string, tookPlace: boolean): Effect {
  return { what, tookPlace }
}
