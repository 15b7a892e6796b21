/**
 * What a start does with the files that it finds, before any thread works on them: removes what came
 * to nothing, checks the log, finishes what a crash has interrupted.
 */

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createFile } from './data-directory.js'
import { waitingSnapshot } from './incoming-snapshot.js'
import { appliedIndexOf, installSnapshot } from './install-snapshot.js'
import { verifyPages } from './page-sums.js'
import { prepareRaftDatabase, type RaftDatabaseOptions, type StoredLog } from './raft-database.js'
import { StorageError } from './storage-error.js'
import { wayBack } from './way-back.js'

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
  }
}

/** @throws StorageError */
export function recoverDirectory(
  paths: DirectoryPaths,
  owner: Omit<RaftDatabaseOptions, 'path' | 'superblock'>,
): StoredLog {
  rmSync(paths.sending, { force: true })
  createFile(paths.raft)
  createFile(paths.state)
  createFile(paths.superblock)
  const { raft: path, superblock } = paths
  const stored = prepareRaftDatabase({ path, superblock, ...owner })
  finishInstallation(paths, stored.start.index)
  verifyPages(paths.state, wayBack(paths.directory, owner.identity.memberId))
  return stored
}

/**
 * A snapshot that was received whole, and behind which the log already begins, is installed if a
 * crash has prevented that; any other has come to nothing.
 */
function finishInstallation(paths: DirectoryPaths, startIndex: number): void {
  rmSync(paths.receiving, { force: true })
  const waiting = waitingSnapshot(paths.received)
  if (waiting?.index === startIndex && startIndex > appliedIndexOf(paths.state)) {
    installSnapshot(paths.received, paths.state)
  } else rmSync(paths.received, { force: true })
}

/**
 * Only entries that are durable in the log are applied. If the log ends before what was applied, its
 * end is lost: SQLite takes a damaged WAL frame for the end of the WAL, and disk images get restored
 * (catalogue 34). Such a member has forgotten what it acknowledged, and must not vote.
 */
export function requireWholeLog(
  { directory, memberId }: { readonly directory: string; readonly memberId: string },
  appliedIndex: number,
  { start, lastIndex }: StoredLog,
): void {
  if (appliedIndex < start.index) {
    throw new StorageError(
      'damaged',
      `${directory} has lost part of its state: it ends at entry ${appliedIndex}, ` +
        `but the log begins behind ${start.index}; ${wayBack(directory, memberId)}`,
    )
  }
  if (appliedIndex <= lastIndex) return
  throw new StorageError(
    'damaged',
    `${directory} has lost the end of its log: entry ${appliedIndex} was applied, ` +
      `but the log ends at ${lastIndex}; ${wayBack(directory, memberId)}`,
  )
}
