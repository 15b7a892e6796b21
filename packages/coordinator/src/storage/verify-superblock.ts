/** Compares what raft.db holds at start with what the superblock says that it has held. */

import type { HardState } from '@holdfast/raft'
import type { LogRows } from './log-rows.js'
import type { LogStart } from './log-start.js'
import type { DirectoryIdentity } from './directory-identity.js'
import { StorageError } from './storage-error.js'
import type { Claim } from './superblock.js'
import { wayBack } from './way-back.js'

export interface FoundLog {
  readonly directory: string
  readonly identity: DirectoryIdentity
  readonly hardState: HardState
  readonly start: LogStart
  readonly rows: LogRows
}

/** @throws StorageError `damaged` */
export function verifyAgainstClaim(claim: Claim, found: FoundLog): void {
  const lost = whatIsLost(claim, found)
  if (lost === undefined) return
  const { directory, identity } = found
  throw new StorageError(
    'damaged',
    `${directory} has lost its newest data: ${lost}; ${wayBack(directory, identity.memberId)}`,
  )
}

function whatIsLost(claim: Claim, { identity, hardState, start, rows }: FoundLog) {
  if (claim.clusterId !== identity.clusterId || claim.memberId !== identity.memberId) {
    return `its superblock is that of member ${claim.memberId} of cluster ${claim.clusterId}`
  }
  if (hardState.term < claim.term) {
    return `it was in term ${claim.term}, but its log knows of ${hardState.term} only`
  }
  const isSameTerm = hardState.term === claim.term
  if (isSameTerm && claim.votedFor !== null && hardState.votedFor !== claim.votedFor) {
    return `its vote of term ${claim.term} is not in its log`
  }
  // What a state or a snapshot holds is not in the log any more.
  if (claim.lastIndex <= start.index) return undefined
  const entry = rows.find(claim.lastIndex)
  if (entry?.checksum === claim.lastChecksum) return undefined
  return entry === undefined
    ? `its log held entry ${claim.lastIndex}, but ends at ${rows.newestIndex() ?? start.index}`
    : `entry ${claim.lastIndex} of its log is another one`
}
