/** The names of the files in a data directory. */

import { join } from 'node:path'

export interface DirectoryPaths {
  readonly directory: string
  readonly raft: string
  readonly state: string
  readonly superblock: string
  /** A snapshot that is being received; one that is whole and waits to be installed. */
  readonly receiving: string
  readonly received: string
  /** A copy of the state for others. */
  readonly sending: string
  readonly reserve: string
  /** A directory in which the files of this one are being made of a snapshot. */
  readonly restoring: string
}

export function pathsIn(directory: string): DirectoryPaths {
  const inDirectory = (name: string): string => join(directory, name)
  return {
    directory,
    raft: inDirectory('raft.db'),
    state: inDirectory('state.db'),
    superblock: inDirectory('superblock'),
    receiving: inDirectory('receiving.db'),
    received: inDirectory('received.db'),
    sending: inDirectory('sending.db'),
    reserve: inDirectory('reserve'),
    restoring: inDirectory('.restoring'),
  }
}
