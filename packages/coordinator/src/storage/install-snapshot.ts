/**
 * Puts a received snapshot in the place of state.db. The log already begins behind it, durably, so a
 * crash in between is finished at the next start, and every step may be done twice.
 *
 * The old database's WAL goes first: SQLite would take it for the new one's.
 */

import { renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { readPosition } from './copy-state.js'
import { syncDirectory } from './data-directory.js'
import { forgetSums, sumsPathOf } from './page-sums.js'

/** Nobody may have `statePath` open. */
export function installSnapshot(wholePath: string, statePath: string): void {
  const directory = dirname(statePath)
  removeWal(statePath)
  rmSync(sumsPathOf(statePath), { force: true })
  syncDirectory(directory)
  renameSync(wholePath, statePath)
  syncDirectory(directory)
}

/**
 * How far the state is that a start finds; 0 if it is empty. SQLite copies the WAL when the only
 * connection is closed, so that the pages are other ones than were summed.
 */
export function appliedIndexOf(statePath: string): number {
  forgetSums(statePath)
  return statSync(statePath).size === 0 ? 0 : readPosition(statePath).index
}

/** Nobody may have `statePath` open, and nothing in the WAL may be needed. */
export function removeWal(statePath: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(`${statePath}${suffix}`, { force: true })
}
