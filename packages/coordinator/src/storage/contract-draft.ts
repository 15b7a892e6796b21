/** What the composition root opens. */

import type { HardState, LogStorage, Membership, Entry } from '@holdfast/raft'
import type { StateMachine } from '../state-machine/state-machine.js'

/** Who a data directory belongs to; written at its creation and compared at every start. */
export interface DirectoryIdentity {
  readonly clusterId: string
  readonly memberId: string
}

export interface LogWrite {
  readonly hardState: HardState | undefined
  readonly entries: readonly Entry[]
}

/** The Raft log on a worker thread. Reads are synchronous and never wait for a write. */
export interface DurableLog extends LogStorage {
  /**
   * Hands over one write and returns at once; `onDurable` is called, in the order of the calls,
   * when it has been fsynced. Writes that wait for the disk share one transaction and one fsync.
   */
  append(write: LogWrite, onDurable: () => void): void
  close(): Promise<void>
}

export interface Storage {
  readonly log: DurableLog
  readonly state: StateMachine
  /** Copies the state's write-ahead log into its database, on a worker thread. */
  close(): Promise<void>
}

export interface OpenStorageOptions {
  /** Undefined keeps everything in memory: for tests. */
  readonly directory: string
  readonly identity: DirectoryIdentity
  readonly membership: Membership
  /** The disk can no longer be trusted: the process must end without acknowledging anything. */
  readonly onFatal: (error: Error) => void
}
