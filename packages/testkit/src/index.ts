/** Test clusters of real processes. */

export {
  canCompileDiskFaults,
  compileDiskFaults,
  DiskFaults,
  removeDiskFaults,
  type DiskFaultHits,
  type DiskFaultsOptions,
  type HowOften,
} from './disk/disk-faults.js'
export { ModelDisk } from './disk/model-disk.js'
export { Chance as NamedChance } from './simulation/chance.js'
export { losePower, type Chance } from './disk/power-loss.js'
export { replayTrace, type ReplayedEvent } from './disk/replay-trace.js'
export { canTrace, traceCommand, type TracedCommand } from './disk/trace-command.js'
export { etcdCommand } from './etcd-command.js'
export { startFaultyCluster, type FaultyCluster } from './faults/faulty-cluster.js'
export { type Direction } from './faults/faulty-link.js'
export type { CutKind, FaultyNetwork, Pair } from './faults/faulty-network.js'
export { startPacketCluster } from './faults/packet-cluster.js'
export { canMakeNetworks } from './faults/packet-network.js'
export type { FlowCounters } from './faults/one-way-flow.js'
export * as partitions from './faults/partitions.js'
export { freePorts } from './free-ports.js'
export { MemberProcess, type MemberExit } from './member-process.js'
export { memberStatus, type MemberStatus } from './member-status.js'
export {
  initialClusterText,
  startProcessCluster,
  type MemberCommand,
  type MemberSpec,
  type ProcessCluster,
  type ProcessClusterOptions,
  type SpawnCommand,
} from './process-cluster.js'
export { serveCommand } from './serve-command.js'

/** What clients saw of a run, and whether it can be so. */

export {
  type Change,
  type ChangeEvent,
  type DeleteEvent,
  type PutEvent,
} from './history/change-log.js'
export { decodeHistory, encodeHistory } from './history/history-lines.js'
export {
  checkLocks,
  type ContenderRecord,
  type GuardedWrite,
  type LockViolation,
} from './history/lock-check.js'
export { kvModel } from './history/kv-model.js'
export {
  hasChanged,
  type Compare,
  type DeleteInput,
  type KeyInterval,
  type KeyValue,
  type KvInput,
  type KvOutput,
  type KvRecord,
  type KvResponse,
  type PutInput,
  type RangeInput,
  type TxnInput,
} from './history/kv-operation.js'
export {
  checkLeases,
  type LeaseCheckOptions,
  type LeaseRecord,
  type LeaseSighting,
  type LeaseViolation,
  type RenewalRecord,
  type RevocationRecord,
} from './history/lease-check.js'
export {
  checkLinearizability,
  type LinearizabilityOptions,
  type NotLinearizable,
} from './history/linearizability.js'
export { type Model } from './history/model.js'
export { type OperationRecord, type Outcome } from './history/operation-record.js'
export { checkQueue } from './history/queue-check.js'
export type {
  DeliveryRecord,
  PushRecord,
  QueueHistory,
  QueueViolation,
} from './history/queue-record.js'
export { checkRevisions, type SweepOptions, type SweepViolation } from './history/revision-sweep.js'
export { type Violation } from './history/violation.js'
export { checkWatches, type WatchCheckOptions, type WatchViolation } from './history/watch-check.js'
export { type WatchMessage, type WatchRecord, type WatchStream } from './history/watch-record.js'
export { checkWellFormed, type MalformedHistory } from './history/well-formed.js'

/** Whole members in a simulated world. */

export { planOf, type Plan } from './simulation/plan.js'
export type { RunReport } from './simulation/run.js'
export { runNodeSeed, runWatched } from './simulation/run-seed.js'
export { shrinkPlan } from './simulation/shrink.js'
