/** Test clusters of real processes. */

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
