/**
 * A member's data directory on a simulated disk: the model of the log, and the real state store, on
 * an SQLite database in memory, whose durable copy is an image of that database.
 */

import { createHash } from 'node:crypto'
import {
  createStateMachine,
  openStateStore,
  type LogWrite,
  type MemberStorage,
  type ReplaceableStateMachine,
  type SqliteStateStore,
  type StateMachine,
} from '@holdfast/coordinator/parts'
import type { Membership } from '@holdfast/raft'
import type { DiskDrive } from './disk-drive.js'
import type { Host } from './host.js'
import { LogDisk, SimulatedLog } from './simulated-log.js'

/** The whole state at one index. */
export interface StateImage {
  readonly index: number
  readonly term: number
  readonly bytes: Buffer
}

/** What a crash leaves of a data directory. */
export class MemberDisk {
  readonly drive: DiskDrive
  readonly log: LogDisk
  /** As the last checkpoint left it; a power loss takes the state back to it. */
  state: StateImage | undefined
  /** Received whole, and not yet in the place of the state. */
  received: StateImage | undefined

  constructor(drive: DiskDrive, membership: Membership) {
    this.drive = drive
    this.log = new LogDisk(membership)
  }
}

export interface SimulatedStorageOptions {
  readonly host: Host
  readonly disk: MemberDisk
  readonly clusterId: string
  /** Between two checkpoints of the state. */
  readonly checkpointMs: number
  /** Sees everything that is applied. */
  readonly watched: (machine: ReplaceableStateMachine) => ReplaceableStateMachine
  readonly onWrite: (write: LogWrite) => void
  /** A transaction of the state was committed. */
  readonly onStateCommit: () => void
  readonly onFatal: (error: Error) => void
}

type Outgoing = Awaited<ReturnType<MemberStorage['outgoing']['take']>>

/** What opening SQLite costs most is making its tables. */
let emptyImage: Buffer | undefined

export class SimulatedStorage implements MemberStorage {
  readonly log: SimulatedLog
  readonly outgoing: MemberStorage['outgoing']
  /** Only their route asks for them. */
  readonly backups = { take: (): Promise<never> => Promise.reject(new Error('there are none')) }
  readonly #options: SimulatedStorageOptions
  readonly #machine: ReplaceableStateMachine
  readonly #copies = new Map<string, StateImage>()
  #store: SqliteStateStore
  #installing: Gate | undefined
  #checkpointing: Gate | undefined
  #copyCount = 0

  constructor(options: SimulatedStorageOptions) {
    const { host, disk, onWrite, onFatal } = options
    this.#options = options
    this.log = new SimulatedLog({
      disk: disk.log,
      transact: (work) => disk.drive.transact(host, 'log', work),
      onWrite,
      onFatal,
    })
    finishInstallation(disk)
    this.#store = this.#open(disk.state?.bytes)
    this.#machine = options.watched(createStateMachine(this.#store))
    const copies = this.#copies
    this.outgoing = {
      take: () => this.#take(),
      get oldestIndex() {
        return Math.min(Infinity, ...[...copies.values()].map(({ index }) => index))
      },
    }
    host.clock.every(options.checkpointMs, () => this.#checkpointOrFail())
  }

  get state(): StateMachine {
    return this.#machine
  }

  get applyGate(): Promise<void> | undefined {
    return (this.#installing ?? this.#checkpointing)?.opened
  }

  get durableAppliedIndex(): number {
    return this.#options.disk.state?.index ?? 0
  }

  /** The copy that was taken under this name. */
  copyAt(path: string): StateImage | undefined {
    return this.#copies.get(path)
  }

  /** Keeps a copy that came from another member. Resolves when it is durable. */
  receive(image: StateImage): Promise<void> {
    const { disk, host } = this.#options
    return disk.drive.transact(host, 'log', () => {
      disk.received = image
    })
  }

  async installSnapshot(): Promise<void> {
    const { disk, host } = this.#options
    const gate = new Gate()
    this.#installing = gate
    await disk.drive.transact(host, 'log', () => finishInstallation(disk))
    const old = this.#store
    this.#store = this.#open(disk.state?.bytes)
    this.#machine.replaceStore(this.#store)
    old.close()
    this.#installing = undefined
    gate.open()
  }

  discardSnapshot(): void {
    this.#options.disk.received = undefined
  }

  /**
   * The process died: what SQLite has written is in the page cache, unless the power is gone too.
   * The database is closed when what is running now has ended.
   */
  crash(kind: 'process' | 'power'): void {
    const { disk, host } = this.#options
    disk.drive.crash()
    if (kind === 'process') keepNewer(disk, this.#image())
    const store = this.#store
    host.world.after(0, () => store.close())
  }

  close(): void {
    this.#store.close()
  }

  #image(): StateImage {
    const { appliedIndex, appliedTerm } = this.#store.loadPosition()
    return { index: appliedIndex, term: appliedTerm, bytes: this.#store.image() }
  }

  #checkpointOrFail(): void {
    this.#checkpoint().catch((cause: unknown) => {
      this.#options.onFatal(new Error('the state can no longer be made durable', { cause }))
    })
  }

  async #checkpoint(): Promise<StateImage> {
    const { disk, host } = this.#options
    while (this.applyGate !== undefined) await this.applyGate
    const image = this.#image()
    const gate = new Gate()
    this.#checkpointing = gate
    try {
      await disk.drive.transact(host, 'state', () => keepNewer(disk, image))
    } finally {
      this.#checkpointing = undefined
      gate.open()
    }
    return image
  }

  async #take(): Promise<Outgoing> {
    const image = await this.#checkpoint()
    this.#copyCount += 1
    const path = `copy ${this.#copyCount}`
    this.#copies.set(path, image)
    return {
      ...{ path, index: image.index, term: image.term, bytes: image.bytes.byteLength },
      sha256: createHash('sha256').update(image.bytes).digest('hex'),
      release: () => this.#copies.delete(path),
    }
  }

  #open(bytes: Buffer | undefined): SqliteStateStore {
    const { clusterId } = this.#options
    if (bytes === undefined && emptyImage === undefined) {
      const fresh = openStateStore({ path: ':memory:', clusterId })
      emptyImage = fresh.image()
      fresh.close()
    }
    const store = openStateStore({ path: bytes ?? (emptyImage as Buffer), clusterId })
    const transaction = store.transaction.bind(store)
    store.transaction = (work) => {
      const result = transaction(work)
      this.#options.onStateCommit()
      return result
    }
    return store
  }
}

/** Nothing is applied before it opens. */
class Gate {
  readonly opened: Promise<void>
  open: () => void = () => undefined

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve))
  }
}

/** A snapshot may have taken the place of the state meanwhile. */
function keepNewer(disk: MemberDisk, image: StateImage): void {
  if (image.index >= (disk.state?.index ?? 0)) disk.state = image
}

/** As the real storage does at its start, and when the core has taken a snapshot over. */
function finishInstallation(disk: MemberDisk): void {
  const { received, log, state } = disk
  if (received === undefined) return
  if (received.index === log.start.index && received.index > (state?.index ?? 0)) {
    disk.state = received
  }
  disk.received = undefined
}
