/** What clients do in a run, by name. */

import type { Workload } from '../client-process.js'
import { electionWorkload } from './election.js'
import { kvWorkload } from './kv.js'
import { leaseWorkload } from './leases.js'
import { lockWorkload } from './locks.js'
import { queueWorkload } from './queue.js'
import { watchWorkload } from './watch.js'

export const WORKLOADS = ['kv', 'locks', 'queue', 'election', 'leases', 'watch'] as const
export type WorkloadKind = (typeof WORKLOADS)[number]

export const workloads: Readonly<Record<WorkloadKind, Workload>> = {
  kv: kvWorkload,
  locks: lockWorkload,
  queue: queueWorkload,
  election: electionWorkload,
  leases: leaseWorkload,
  watch: watchWorkload,
}
