/**
 * What to do with a member that has forgotten something that it said. It must not come back as who it
 * was (thesis §3.8): with its vote or its acknowledgement forgotten, a majority could lose what is
 * committed. So it is removed and added anew, and gets everything from the others.
 */

import { StorageError } from './storage-error.js'

export function wayBack(directory: string, memberId: string): string {
  return (
    'this member must not vote with what it has forgotten. While the others are up, replace it: ' +
    `\`holdfast member remove ${memberId}\`, \`holdfast member add --learner PEER_URL\`, empty ` +
    `${directory}, start it with --initial-cluster-state existing, and when it has caught up ` +
    '`holdfast member promote ID`. A cluster of one needs a backup'
  )
}

/** Others say that the member has lost what it had said: its directory is an old copy. */
export function rolledBack(directory: string, memberId: string, lost: string): StorageError {
  const way = wayBack(directory, memberId)
  return new StorageError('damaged', `${directory} is older than what others know: ${lost}; ${way}`)
}
