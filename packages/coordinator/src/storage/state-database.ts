/**
 * state.db as a whole: the store on the main thread, and the thread that makes it durable. A snapshot
 * replaces both; the state machine over them stays, so that nobody who reads it must be told.
 */

import { invariant } from '@holdfast/raft'
import type { StateMachine } from '../state-machine/state-machine.js'
import {
  createStateMachine,
  type ReplaceableStateMachine,
} from '../state-machine/store-state-machine.js'
import type { CheckpointLimits } from './checkpoint-message.js'
import { Checkpointer } from './checkpointer.js'
import { CopyRefusal } from './copy-refusal.js'
import type { StateCopy } from './copy-state.js'
import { installSnapshotAside, removeWal } from './install-snapshot.js'
import { openStateStore, type SqliteStateStore } from './sqlite-state-store.js'
import { verifyReceivedInPieces } from './verify-received.js'

export interface StateDatabaseOptions {
  readonly path: string
  readonly clusterId: string
  readonly checkpointLimits: CheckpointLimits
  /** What to do with a member whose state is damaged. */
  readonly way: string
  readonly onFatal: (error: Error) => void
}

export class StateDatabase {
  readonly #options: StateDatabaseOptions
  readonly #machine: ReplaceableStateMachine
  #store: SqliteStateStore
  #checkpointer: Promise<Checkpointer>
  /** The one that is open now. */
  #checkpoints: Checkpointer | undefined
  #installing: Promise<void> | undefined
  #lastCopy: Promise<unknown> = Promise.resolve()

  /** Checkpoints are not made before `opened`. @throws StorageError */
  constructor(options: StateDatabaseOptions) {
    this.#options = options
    this.#store = this.#openStore()
    this.#machine = createStateMachine(this.#store)
    this.#checkpointer = this.#openCheckpointer()
  }

  /** Resolves when checkpoints are being made. */
  async opened(): Promise<void> {
    await this.#checkpointer
  }

  get state(): StateMachine {
    return this.#machine
  }

  /** Pending while nothing may be written to the state. */
  get gate(): Promise<void> | undefined {
    return this.#installing ?? this.#checkpoints?.gate
  }

  /** The state at this index survives a power loss. */
  get durableIndex(): number {
    return this.#checkpoints?.durableIndex ?? 0
  }

  /** As it is when the copy is begun, which is after those that were asked for before. */
  copyState(to: string): Promise<StateCopy> {
    const copying = this.#lastCopy.then(() => this.#copyState(to))
    this.#lastCopy = copying.catch(() => undefined)
    return copying
  }

  /** Puts the snapshot in the place of the state, which is read from it when this resolves. */
  install(wholePath: string): Promise<void> {
    this.#installing = this.#install(wholePath).finally(() => (this.#installing = undefined))
    return this.#installing
  }

  async close(): Promise<void> {
    await this.#installing?.catch(() => undefined)
    const checkpointer = await this.#checkpointer.catch(() => undefined)
    // The main thread's connection first: the last checkpoint then has the database to itself.
    this.#store.endWrites()
    await checkpointer?.close()
    this.#store.close()
    // What is not durable stays in the WAL.
    if (checkpointer !== undefined && !checkpointer.hasFailed) removeWal(this.#options.path)
  }

  /** An installation ends one checkpointer, and with it the copy that it makes, and begins another. */
  async #copyState(to: string): Promise<StateCopy> {
    for (;;) {
      await this.#installing?.catch(() => undefined)
      try {
        return await (await this.#checkpointer).copyState(to)
      } catch (error) {
        const isEnded = error instanceof CopyRefusal && error.reason === 'closed'
        if (!isEnded || this.#installing === undefined) throw error
      }
    }
  }

  async #install(wholePath: string): Promise<void> {
    const { path, way } = this.#options
    await verifyReceivedInPieces(wholePath, way)
    const checkpointer = await this.#checkpointer
    await checkpointer.close()
    invariant(!checkpointer.hasFailed, 'no snapshot is installed where the disk has failed')
    // The old files are read on, without their names, until the new ones have these for good.
    await installSnapshotAside(wholePath, path)
    const old = this.#store
    this.#store = this.#openStore()
    this.#machine.replaceStore(this.#store)
    old.close()
    this.#checkpointer = this.#openCheckpointer()
    await this.#checkpointer
  }

  #openStore(): SqliteStateStore {
    const { path, clusterId } = this.#options
    const beforeWrite = (): void => this.#checkpoints?.waitUntilReleased()
    return openStateStore({ path, clusterId, beforeWrite })
  }

  #openCheckpointer(): Promise<Checkpointer> {
    const { path, way, checkpointLimits: limits, onFatal } = this.#options
    const appliedIndex = (): number => this.#machine.appliedIndex
    const opening = Checkpointer.open({ path, limits, way, appliedIndex, onFatal })
    const opened = opening.then((checkpointer) => (this.#checkpoints = checkpointer))
    // Whoever waits for it hears of a failure; that nobody may be waiting yet is no defect.
    opened.catch(() => undefined)
    return opened
  }
}
