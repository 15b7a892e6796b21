/** What all parts of one member's core share. Each part owns its own state beside it. */

import type { RaftConfig } from './config.js'
import type { MemberState } from './member-state.js'
import type { Outbox } from './outbox.js'
import type { RaftLog } from './raft-log.js'

export interface Core {
  readonly config: RaftConfig
  readonly state: MemberState
  readonly log: RaftLog
  readonly outbox: Outbox
}

/** Whether term and vote, as they are now, survive a crash. */
export function isHardStateDurable({ state, log }: Core): boolean {
  return !state.hardStateChanged && !log.isWritingHardState
}
