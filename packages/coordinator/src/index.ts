/** A Raft-replicated, revisioned key-value store with leases, watches and transactions. */

export {
  CoordinatorOptionsError,
  type CoordinatorOptions,
  type LogLevel,
} from './coordinator-options.js'
export { MemberRemovedError } from './member-removed-error.js'
export { MisplacedMemberError } from './misplaced-member-error.js'
export { startCoordinator, type Coordinator } from './start-coordinator.js'
