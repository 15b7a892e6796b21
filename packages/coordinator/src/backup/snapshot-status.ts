/** What is in a snapshot file (etcd: etcdutl snapshot status). */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackupContent } from '../storage/restored-state.js'
import { extractSnapshot } from './snapshot-file.js'

export interface SnapshotStatus extends BackupContent {
  /** The SHA-256 of the copy, in hexadecimal. */
  readonly sha256: string
  /** Of the copy, in bytes. */
  readonly sizeBytes: number
}

/**
 * Needs as much room among the temporary files as the snapshot has.
 *
 * @throws {SnapshotFileError} when the file is missing, damaged, or no snapshot of a coordinator, or
 * one of a newer program
 */
export async function readSnapshotStatus(path: string): Promise<SnapshotStatus> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-snapshot-'))
  try {
    const copy = join(directory, 'copy.db')
    const { bytes: sizeBytes, ...status } = await extractSnapshot(path, copy)
    return { sizeBytes, ...status }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
