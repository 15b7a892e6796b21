/**
 * Opens a member's data directory: the lock first, then the log, then the state, then the threads
 * that make both durable. Closes them in the reverse order.
 *
 *   lock       held by this process; see data-directory.ts
 *   superblock what raft.db must not have lost; see superblock.ts
 *   raft.db    log, term and vote: written and fsynced by the log worker
 *   state.db   what the log leads to: written here, made durable by the checkpoint worker
 *   state.sums a checksum of every page of state.db; see page-sums.ts
 *   reserve    room for when there is none; see data-space.ts
 *
 * and at times receiving.db, received.db (a snapshot on its way in; waiting to be installed), each
 * with its .sums, sending.db (a copy of the state on its way to followers), and backup-N.db (one that
 * is being made for whoever asked for it).
 */

import type { Membership } from '@holdfast/raft'
import { whatIsForgotten, type DirectoryStamp } from '../state-machine/directory-stamp.js'
import type { StateMachine } from '../state-machine/state-machine.js'
import { Backups } from './backups.js'
import type { CheckpointLimits } from './checkpoint-message.js'
import { DEFAULT_CHECKPOINT_LIMITS } from './checkpointer.js'
import type { StateCopy } from './copy-state.js'
import { createDirectory, lockDirectory, syncDirectory } from './data-directory.js'
import type { DirectoryIdentity } from './directory-identity.js'
import { pathsIn, type DirectoryPaths } from './directory-paths.js'
import { WorkerLog, type DurableLog } from './durable-log.js'
import { IncomingSnapshot, removeSnapshot } from './incoming-snapshot.js'
import { OutgoingSnapshots } from './outgoing-snapshots.js'
import { recoverDirectory, requireWholeLog } from './recover-directory.js'
import { stampDirectory } from './stamp-directory.js'
import { StateDatabase } from './state-database.js'
import { rolledBack, wayBack } from './way-back.js'

export type { DurableLog, LogWrite } from './durable-log.js'
export type { StateCopy } from './copy-state.js'
export { SnapshotDamagedError, type IncomingSnapshot } from './incoming-snapshot.js'
export type { OutgoingSnapshot } from './outgoing-snapshots.js'
export type { DirectoryIdentity } from './directory-identity.js'
export { readDirectoryIdentity } from './raft-database.js'
export { DataSpace } from './data-space.js'
export { rolledBack } from './way-back.js'
export { StorageError, type StorageErrorCode } from './storage-error.js'

export interface Storage {
  /** Durable, and of this start. */
  readonly stamp: DirectoryStamp
  readonly log: DurableLog
  readonly state: StateMachine
  /** Pending while nothing may be applied, because the state's checkpoint is finishing. */
  readonly applyGate: Promise<void> | undefined
  /** The state at this index survives a power loss; the log must be kept above it. */
  readonly durableAppliedIndex: number
  readonly outgoing: OutgoingSnapshots
  readonly backups: Backups
  /** Begins to receive a snapshot; one at a time. */
  receiveSnapshot(copy: StateCopy): IncomingSnapshot
  /** Puts the received snapshot, behind which the log already begins, in the place of the state. */
  installSnapshot(): Promise<void>
  /** The received snapshot is of no use. */
  discardSnapshot(): void
  close(): Promise<void>
}

export interface OpenStorageOptions {
  readonly directory: string
  readonly identity: DirectoryIdentity
  /** Of a new directory; of an old one, what is stored in it holds. */
  readonly membership: Membership
  /**
   * The disk can no longer be trusted: the process must end without acknowledging anything. Called
   * at most once.
   */
  readonly onFatal: (error: Error) => void
  /** When the state is copied from its WAL. Default: at 64 MiB, and every 10 s if it has changed. */
  readonly checkpointLimits?: CheckpointLimits
}

/** @throws StorageError */
export async function openStorage(options: OpenStorageOptions): Promise<Storage> {
  const { directory } = options
  createDirectory(directory)
  const closers: (() => void | Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) await next()
  }
  try {
    const lock = lockDirectory(directory)
    closers.push(() => lock.release())
    return await openLocked(options, closers, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function openLocked(
  options: OpenStorageOptions,
  closers: (() => void | Promise<void>)[],
  close: () => Promise<void>,
): Promise<Storage> {
  const { directory, identity, membership } = options
  const onFatal = once(options.onFatal)
  const paths = pathsIn(directory)
  const stored = recoverDirectory(paths, { identity, membership })
  let logReady: Promise<WorkerLog> | undefined = undefined
  closers.push(() => closeOpened(logReady))
  const database = new StateDatabase({
    path: paths.state,
    clusterId: identity.clusterId,
    checkpointLimits: options.checkpointLimits ?? DEFAULT_CHECKPOINT_LIMITS,
    way: wayBack(directory, identity.memberId),
    onFatal,
  })
  closers.push(() => database.close())
  requireWholeLog({ directory, memberId: identity.memberId }, database.state.appliedIndex, stored)
  const stamp = stampOf(paths, identity.memberId, database.state)
  logReady = WorkerLog.open({
    ...{ path: paths.raft, superblock: paths.superblock },
    ...{ stored, identity, onFatal },
  })
  // Both threads start at the same time: loading their code is most of a start.
  const [log] = await Promise.all([logReady, database.opened()])
  syncDirectory(directory)
  const copyState = (to: string): ReturnType<StateDatabase['copyState']> => database.copyState(to)
  return {
    stamp,
    log,
    state: database.state,
    outgoing: new OutgoingSnapshots({ path: paths.sending, copyState }),
    backups: new Backups(paths, copyState),
    receiveSnapshot: (copy) => new IncomingSnapshot(copy, paths.receiving, paths.received),
    installSnapshot: () => database.install(paths.received),
    discardSnapshot: () => removeSnapshot(paths.received),
    get applyGate() {
      return database.gate
    },
    get durableAppliedIndex() {
      return database.durableIndex
    },
    close,
  }
}

/** @throws StorageError `damaged` when the state knows of a later start than the log does */
function stampOf(paths: DirectoryPaths, memberId: string, state: StateMachine): DirectoryStamp {
  const published = state.members().find(({ id }) => id === memberId)?.directory
  const stamp = stampDirectory(paths.raft, published)
  const lost = whatIsForgotten(published, stamp)
  if (lost !== undefined) throw rolledBack(paths.directory, memberId, lost)
  return stamp
}

/** What did not open has nothing to close, and has already said why. */
async function closeOpened(opening?: Promise<{ close(): Promise<void> }>): Promise<void> {
  const opened = await opening?.catch(() => undefined)
  await opened?.close()
}

function once(onFatal: (error: Error) => void): (error: Error) => void {
  let isCalled = false
  return (error) => {
    if (isCalled) return
    isCalled = true
    onFatal(error)
  }
}
