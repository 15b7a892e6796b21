/**
 * Opens a member's data directory: the lock first, then the log, then the state, then the threads
 * that make both durable. Closes them in the reverse order.
 *
 *   lock       held by this process; see data-directory.ts
 *   raft.db    log, term and vote: written and fsynced by the log worker
 *   state.db   what the log leads to: written here, made durable by the checkpoint worker
 */

import { join } from 'node:path'
import type { Membership } from '@holdfast/raft'
import type { StateMachine } from '../state-machine/state-machine.js'
import { createStateMachine } from '../state-machine/store-state-machine.js'
import type { CheckpointLimits } from './checkpoint-message.js'
import { Checkpointer, DEFAULT_CHECKPOINT_LIMITS } from './checkpointer.js'
import { createDirectory, createFile, lockDirectory, syncDirectory } from './data-directory.js'
import { WorkerLog, type DurableLog } from './durable-log.js'
import { prepareRaftDatabase, type DirectoryIdentity } from './raft-database.js'
import { openStateStore } from './sqlite-state-store.js'
import { StorageError } from './storage-error.js'

export type { DurableLog, LogWrite } from './durable-log.js'
export type { DirectoryIdentity } from './raft-database.js'
export { StorageError, type StorageErrorCode } from './storage-error.js'

export interface Storage {
  readonly log: DurableLog
  readonly state: StateMachine
  /** Pending while nothing may be applied, because the state's checkpoint is finishing. */
  readonly applyGate: Promise<void> | undefined
  /** The state at this index survives a power loss; the log must be kept above it. */
  readonly durableAppliedIndex: number
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
  const [raftPath, statePath] = [join(directory, 'raft.db'), join(directory, 'state.db')]
  createFile(raftPath)
  createFile(statePath)

  const start = prepareRaftDatabase({ path: raftPath, identity, membership })
  const logReady = WorkerLog.open({ path: raftPath, start, onFatal })
  closers.push(() => closeOpened(logReady))

  let checkpointer: Checkpointer | undefined = undefined
  const store = openStateStore({
    path: statePath,
    clusterId: identity.clusterId,
    beforeWrite: () => checkpointer?.waitUntilReleased(),
  })
  closers.push(() => store.close())
  const state = createStateMachine(store)
  requireWholeLog(directory, state.appliedIndex, start.lastIndex)
  const checkpointerReady = Checkpointer.open({
    path: statePath,
    limits: options.checkpointLimits ?? DEFAULT_CHECKPOINT_LIMITS,
    appliedIndex: () => state.appliedIndex,
    onFatal,
  })
  closers.push(async () => {
    // The main thread's connection first: the last checkpoint then has the database to itself.
    store.close()
    await closeOpened(checkpointerReady)
  })
  // Both threads start at the same time: loading their code is most of a start.
  const [log, checkpoints] = await Promise.all([logReady, checkpointerReady])
  checkpointer = checkpoints
  syncDirectory(directory)
  return {
    log,
    state,
    get applyGate() {
      return checkpoints.gate
    },
    get durableAppliedIndex() {
      return checkpoints.durableIndex
    },
    close,
  }
}

/**
 * Only entries that are durable in the log are applied. If the log ends before what was applied, its
 * end is lost: SQLite takes a damaged WAL frame for the end of the WAL, and disk images get restored
 * (catalogue 34). Such a member has forgotten what it acknowledged, and must not vote.
 */
function requireWholeLog(directory: string, appliedIndex: number, lastIndex: number): void {
  if (appliedIndex <= lastIndex) return
  throw new StorageError(
    'damaged',
    `${directory} has lost the end of its log: entry ${appliedIndex} was applied, ` +
      `but the log ends at ${lastIndex}: restore this member from its peers`,
  )
}

/** What did not open has nothing to close, and has already said why. */
async function closeOpened(opening: Promise<{ close(): Promise<void> }>): Promise<void> {
  const opened = await opening.catch(() => undefined)
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
