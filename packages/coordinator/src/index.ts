/** A Raft-replicated, revisioned key-value store with leases, watches and transactions. */

export { restoreSnapshot, type Restored, type RestoreOptions } from './backup/restore-snapshot.js'
export { SnapshotFileError } from './backup/snapshot-file.js'
export { readSnapshotStatus, type SnapshotStatus } from './backup/snapshot-status.js'
export {
  CoordinatorOptionsError,
  type CoordinatorOptions,
  type LogLevel,
} from './coordinator-options.js'
export { MemberRemovedError } from './member-removed-error.js'
export { MisplacedMemberError } from './misplaced-member-error.js'
export { startCoordinator, type Coordinator } from './start-coordinator.js'
