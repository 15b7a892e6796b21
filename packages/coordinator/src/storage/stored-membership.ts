/** What a data directory says of the cluster, before it is opened: who belonged to it last. */

import type { Membership } from '@holdfast/raft'
import { openConnection } from './connection.js'
import { pathsIn } from './directory-paths.js'
import { LogStartRow } from './log-start.js'

/**
 * In force when the member stopped, committed or not; undefined if it cannot be read, which is said
 * with its reason when the directory is opened.
 */
export function readStoredMembership(directory: string): Membership | undefined {
  try {
    const connection = openConnection(pathsIn(directory).raft, 'readonly')
    try {
      return new LogStartRow(connection).memberships().at(-1)?.membership
    } finally {
      connection.client.close()
    }
  } catch {
    return undefined
  }
}
