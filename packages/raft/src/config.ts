/** Everything that can be set about a member's core, checked and defaulted in one place. */

import { invariant } from './invariant.js'
import { checkMemberId } from './membership.js'
import type { MemberId } from './message.js'

export interface RaftOptions {
  readonly id: MemberId
  /** Ticks without word from a leader before an election; drawn anew from [n, 2n). Default 10. */
  readonly electionTicks?: number
  /** Ticks between a leader's heartbeats. Must be below `electionTicks`. Default 1. */
  readonly heartbeatTicks?: number
  /** Seed of the election jitter. Two members must not share one. */
  readonly seed: number
  /** Bytes of entries in one AppendEntries (one entry always fits). Default 1 MiB. */
  readonly maxAppendBytes?: number
  /** AppendEntries on their way to one follower before the leader waits for it. Default 256. */
  readonly maxInflightAppends?: number
  /** Bytes on their way to one follower before the leader waits for it. Default 16 MiB. */
  readonly maxInflightBytes?: number
  /** Bytes proposed and not yet committed before proposals are dropped. Default 64 MiB. */
  readonly maxUncommittedBytes?: number
  /** Bytes of committed entries handed out and not yet applied. Default 4 MiB. */
  readonly maxApplyingBytes?: number
  /** Reads waiting for a quorum round before further ones are dropped. Default 65,536. */
  readonly maxPendingReads?: number
  /** Index up to which the state machine had applied the log when the member started. Default 0. */
  readonly appliedIndex?: number
}

export type RaftConfig = Readonly<Required<RaftOptions>>

const MIB = 1024 * 1024

/** A limit of zero would stop the member for good. */
const POSITIVE = [
  'electionTicks',
  'heartbeatTicks',
  'maxAppendBytes',
  'maxInflightAppends',
  'maxInflightBytes',
  'maxUncommittedBytes',
  'maxApplyingBytes',
  'maxPendingReads',
] as const

export function resolveConfig(options: RaftOptions): RaftConfig {
  const config: RaftConfig = Object.freeze({
    electionTicks: 10,
    heartbeatTicks: 1,
    maxAppendBytes: MIB,
    maxInflightAppends: 256,
    maxInflightBytes: 16 * MIB,
    maxUncommittedBytes: 64 * MIB,
    maxApplyingBytes: 4 * MIB,
    maxPendingReads: 65_536,
    appliedIndex: 0,
    ...options,
  })
  checkMemberId(config.id)
  for (const name of POSITIVE) {
    const value = config[name]
    invariant(Number.isSafeInteger(value) && value >= 1, `${name} must be a positive integer`)
  }
  invariant(
    config.electionTicks > config.heartbeatTicks,
    'electionTicks must be above heartbeatTicks, or followers would campaign between heartbeats',
  )
  return config
}
