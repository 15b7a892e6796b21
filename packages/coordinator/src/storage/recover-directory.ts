/**
 * What a start does with the files that it finds, before any thread works on them: removes what came
 * to nothing, checks the log, finishes what a crash has interrupted.
 */

import { existsSync, rmSync, statSync } from 'node:fs'
import { removeUnfinishedBackups } from './backups.js'
import { readPosition } from './copy-state.js'
import { createFile } from './data-directory.js'
import type { DirectoryPaths } from './directory-paths.js'
import { isWaiting, removeSnapshot } from './incoming-snapshot.js'
import { appliedIndexOf, installSnapshot } from './install-snapshot.js'
import { verifyPages } from './page-sums.js'
import { prepareRaftDatabase, type RaftDatabaseOptions, type StoredLog } from './raft-database.js'
import { StorageError } from './storage-error.js'
import { syncWal } from './sync-wal.js'
import { verifyReceived } from './verify-received.js'
import { wayBack } from './way-back.js'

/** @throws StorageError */
export function recoverDirectory(
  paths: DirectoryPaths,
  owner: Omit<RaftDatabaseOptions, 'path' | 'superblock'>,
): StoredLog {
  requireRestored(paths)
  rmSync(paths.sending, { force: true })
  removeUnfinishedBackups(paths.directory)
  createFile(paths.raft)
  createFile(paths.state)
  createFile(paths.superblock)
  const { raft: path, superblock } = paths
  const stored = prepareRaftDatabase({ path, superblock, ...owner })
  const way = wayBack(paths.directory, owner.identity.memberId)
  finishInstallation(paths, stored.start.index, way)
  syncEmptiedWal(`${paths.state}-wal`)
  verifyPages(paths.state, way)
  return stored
}

/** Only some of the files may be there, or none, in whose place those of a new member would be made. */
function requireRestored({ directory, restoring }: DirectoryPaths): void {
  if (!existsSync(restoring)) return
  throw new StorageError(
    'damaged',
    `${directory} was to be made of a snapshot, and that did not end: restore the snapshot again`,
  )
}

/**
 * A snapshot that was received whole, and behind which the log already begins, is installed if a
 * crash has prevented that; any other has come to nothing. One that is needed is verified before its
 * position is believed.
 */
function finishInstallation(paths: DirectoryPaths, startIndex: number, way: string): void {
  const { receiving, received, state } = paths
  removeSnapshot(receiving)
  if (isWaiting(received) && startIndex > appliedIndexOf(state)) {
    verifyReceived(received, way)
    if (readPosition(received).index === startIndex) installSnapshot(received, state)
  }
  removeSnapshot(received)
}

/** A kill may have come before the checkpoint worker has done so; writes must not go on before. */
function syncEmptiedWal(walPath: string): void {
  if (existsSync(walPath) && statSync(walPath).size === 0) syncWal(walPath)
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
