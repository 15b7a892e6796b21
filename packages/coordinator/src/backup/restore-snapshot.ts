/**
 * Makes the data directory of a member of a new cluster out of a snapshot file. Every member of it is
 * restored from the same file; they find each other by ids that follow from it, so that none of them
 * can be mistaken for a member of the old cluster, or started without having been restored.
 *
 * Nobody serves a directory that is not whole (restore-directory.ts), so a restore that was interrupted
 * is begun anew. To the member's storage the copy comes as a snapshot from a leader would, and its log
 * begins behind it: whoever joins later gets the whole state, and not the log alone.
 */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Membership } from '@holdfast/raft'
import {
  CoordinatorOptionsError,
  resolveOptions,
  type CoordinatorConfig,
  type CoordinatorOptions,
} from '../coordinator-options.js'
import { foundingIdentity } from '../resolve-identity.js'
import type { StateCopy, Storage } from '../storage/open-storage.js'
import { rebaseState, RESTORED_AT } from '../storage/restored-state.js'
import { asUnusable } from '../storage/sqlite-client.js'
import { buildDirectory } from './restore-directory.js'
import { extractSnapshot, ofSnapshot } from './snapshot-file.js'
import { usingStorage } from './using-storage.js'

/** Years of writes (etcd's example). */
const DEFAULT_BUMP_REVISION = 1_000_000_000
const CHUNK_BYTES = 1024 * 1024

export interface RestoreOptions extends Pick<
  CoordinatorOptions,
  'dataDirectory' | 'name' | 'peerUrl' | 'initialCluster' | 'clusterToken'
> {
  /** The snapshot file. */
  readonly file: string
  /**
   * By how much the new cluster's first revision is above that of the snapshot: more than the old
   * cluster has written since, and more than any that was restored before has got to, or revisions and
   * fencing tokens are given twice. The same on every member. Default 1,000,000,000.
   */
  readonly bumpRevision?: number
}

export interface Restored {
  /** Unsigned 64-bit integers in decimal. */
  readonly clusterId: string
  readonly memberId: string
  /** Everything before it counts as compacted. */
  readonly revision: number
}

/**
 * @throws {SnapshotFileError} when the file is missing, damaged, or no snapshot of a coordinator, or
 * one of a newer program
 * @throws {CoordinatorOptionsError} when the options make no sense, or the directory is not empty
 * @throws {StorageError} when it is in use, or cannot be written
 */
export async function restoreSnapshot(options: RestoreOptions): Promise<Restored> {
  const { file, bumpRevision = DEFAULT_BUMP_REVISION, ...of } = options
  // Nobody is served here.
  const config = resolveOptions({ ...of, allowUnauthenticated: true })
  if (!Number.isSafeInteger(bumpRevision) || bumpRevision < 1) {
    throw new CoordinatorOptionsError('the revision must be bumped by a whole number, at least 1')
  }
  const directory = resolve(config.dataDirectory)
  try {
    return await buildDirectory(directory, (unfinished) =>
      restoreInto(unfinished, { file, bumpRevision, config }),
    )
  } catch (error) {
    throw asUnusable(directory, error)
  }
}

interface Restoration {
  readonly file: string
  readonly bumpRevision: number
  readonly config: CoordinatorConfig
}

async function restoreInto(
  directory: string,
  { file, bumpRevision, config }: Restoration,
): Promise<Restored> {
  const copy = join(directory, 'copy.db')
  const { sha256, revision: saved } = await extractSnapshot(file, copy)
  const revision = saved + bumpRevision
  if (!Number.isSafeInteger(revision)) {
    throw new CoordinatorOptionsError(`there is no revision ${revision}: bump it by less`)
  }
  // With another revision it would be another state, and so must be another cluster.
  const restoredFrom = `${sha256}@${revision}`
  const { clusterId, memberId, membership } = foundingIdentity(config, restoredFrom)
  ofSnapshot(file, copy, () => rebaseState(copy, clusterId, revision))
  const identity = { clusterId, memberId, restoredFrom }
  await usingStorage({ directory, identity, membership }, (storage, failed) =>
    install(storage, { path: copy, membership, failed }),
  )
  await rm(copy)
  return { clusterId, memberId, revision }
}

interface Installation {
  /** The copy. */
  readonly path: string
  readonly membership: Membership
  /** Rejects when the storage has failed, after which nothing becomes durable. */
  readonly failed: Promise<never>
}

async function install(
  storage: Storage,
  { path, membership, failed }: Installation,
): Promise<void> {
  const incoming = storage.receiveSnapshot({ ...RESTORED_AT, ...(await sumOf(path)) })
  for await (const piece of piecesOf(path)) incoming.write(piece)
  await incoming.finish()
  const write = {
    hardState: { term: RESTORED_AT.term, votedFor: undefined },
    snapshot: { ...RESTORED_AT, membership },
    entries: [],
  }
  const written = new Promise<void>((done) => storage.log.append(write, done))
  await Promise.race([written, failed])
  await storage.installSnapshot()
}

async function sumOf(path: string): Promise<Pick<StateCopy, 'bytes' | 'sha256'>> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of piecesOf(path)) {
    hash.update(piece)
    bytes += piece.byteLength
  }
  return { bytes, sha256: hash.digest('hex') }
}

function piecesOf(path: string): AsyncIterable<Buffer> {
  return createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>
}
