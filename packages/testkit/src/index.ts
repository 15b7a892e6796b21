/** Test clusters of real processes, and disks that fail. */

export { ModelDisk } from './disk/model-disk.js'
export { losePower, type Chance } from './disk/power-loss.js'
export { replayTrace, type ReplayedEvent } from './disk/replay-trace.js'
export { canTrace, traceCommand, type TracedCommand } from './disk/trace-command.js'
export { etcdCommand } from './etcd-command.js'
export { freePorts } from './free-ports.js'
export { MemberProcess } from './member-process.js'
export {
  startProcessCluster,
  type MemberCommand,
  type MemberSpec,
  type ProcessCluster,
  type ProcessClusterOptions,
} from './process-cluster.js'
export { serveCommand } from './serve-command.js'
