/** What the clients of a run were told, for the checkers. */

import { HoldfastError } from '@holdfast/protocol'
import type { KvInput, KvOutput } from '../history/kv-operation.js'
import { Recorder } from '../workload/recorder.js'
import { LeaseLifetimes } from './invariants/lease-lifetimes.js'
import { ExclusiveWork } from './invariants/exclusive-work.js'
import { KnownFates } from './known-fates.js'
import { KnownStates } from './invariants/known-states.js'
import { QueueItems } from './invariants/queue-items.js'
import { SessionDeadlines } from './invariants/session-deadlines.js'
import { WatchedChanges } from './invariants/watched-changes.js'
import type { Ledger } from './ledger.js'

export interface RunRecords {
  readonly ledger: Ledger
  readonly kv: Recorder<KvInput, KvOutput, 'kv'>
  readonly fates: KnownFates
  readonly work: ExclusiveWork
  readonly queue: QueueItems
  readonly leases: LeaseLifetimes
  readonly watches: WatchedChanges
  readonly states: KnownStates
  readonly sessions: SessionDeadlines
}

export function createRecords(ledger: Ledger, nowMs: () => number): RunRecords {
  const states = new KnownStates(ledger)
  return {
    ...{ ledger, states },
    sessions: new SessionDeadlines(nowMs),
    kv: new Recorder('kv', nowMs),
    fates: new KnownFates(ledger),
    work: new ExclusiveWork(),
    queue: new QueueItems(),
    leases: new LeaseLifetimes(ledger, nowMs),
    watches: new WatchedChanges(ledger, states),
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
