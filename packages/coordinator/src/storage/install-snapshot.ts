/**
 * Puts a received snapshot in the place of state.db. The log already begins behind it, durably, so a
 * crash in between is finished at the next start, and every step may be done twice.
 *
 * The old database's WAL goes first: SQLite would take it for the new one's. The checksums of the
 * pages follow last: beside the old database, those of the new one would be taken for its damage.
 */

import { renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { readPosition } from './copy-state.js'
import { syncDirectory, syncDirectoryAside } from './data-directory.js'
import { sumsPathOf } from './page-sums.js'

/** At a start. Nobody may have `statePath` open. */
export function installSnapshot(wholePath: string, statePath: string): void {
  for (const directory of installation(wholePath, statePath)) syncDirectory(directory)
}

/**
 * While the member serves. Who has `statePath` open must not write to it any more, and may read on
 * what is no longer there by name.
 */
export async function installSnapshotAside(wholePath: string, statePath: string): Promise<void> {
  for (const directory of installation(wholePath, statePath)) await syncDirectoryAside(directory)
}

/** Goes on when the directory that it yields is synced. */
function* installation(wholePath: string, statePath: string): Generator<string> {
  const directory = dirname(statePath)
  removeWal(statePath)
  rmSync(sumsPathOf(statePath), { force: true })
  yield directory
  renameSync(wholePath, statePath)
  yield directory
  renameSync(sumsPathOf(wholePath), sumsPathOf(statePath))
}

/** Nothing in the WAL may be needed. */
export function removeWal(statePath: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(`${statePath}${suffix}`, { force: true })
}

/** How far the state is that a start finds; 0 if it is empty. Leaves it, and its WAL, as they are. */
export function appliedIndexOf(statePath: string): number {
  return statSync(statePath).size === 0 ? 0 : readPosition(statePath, 'readonly').index
}
