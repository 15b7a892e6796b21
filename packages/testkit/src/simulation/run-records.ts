/** What the clients of a run were told, for the checkers. */

import { HoldfastError } from '@holdfast/protocol'
import type { KvInput, KvOutput } from '../history/kv-operation.js'
import { Recorder } from '../workload/recorder.js'
import { LeaseLifetimes } from './invariants/lease-lifetimes.js'
import { ExclusiveWork } from './invariants/exclusive-work.js'
import { QueueItems } from './invariants/queue-items.js'
import { WatchedChanges } from './invariants/watched-changes.js'
import type { Ledger } from './ledger.js'

export interface RunRecords {
  readonly ledger: Ledger
  readonly kv: Recorder<KvInput, KvOutput, 'kv'>
  readonly work: ExclusiveWork
  readonly queue: QueueItems
  readonly leases: LeaseLifetimes
  readonly watches: WatchedChanges
}

export function createRecords(ledger: Ledger, nowMs: () => number): RunRecords {
  return {
    ledger,
    kv: new Recorder('kv', nowMs),
    work: new ExclusiveWork(),
    queue: new QueueItems(),
    leases: new LeaseLifetimes(ledger, nowMs),
    watches: new WatchedChanges(ledger),
  }
}

/** What the promise gives; undefined if a client was told that it failed. */
export async function orFailed<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof HoldfastError) return undefined
    throw error
  }
}
