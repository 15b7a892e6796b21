/**
 * One member of a simulated cluster: the real node, state machine, watches and HTTP edge, on a
 * simulated machine. It may end at any moment and be started again on what its disk has kept.
 */

import {
  createMember,
  stampOfStart,
  type DirectoryStamp,
  type Member,
  type MemberTransport,
  type ReplaceableStateMachine,
} from '@holdfast/coordinator/parts'
import type { MemberId, Membership } from '@holdfast/raft'
import type { Chance } from './chance.js'
import { DiskDrive } from './disk-drive.js'
import { Host, type HostClock } from './host.js'
import type { MemberObserver } from './observer.js'
import type { PeerNetwork } from './peer-network.js'
import { MemberDisk, SimulatedStorage } from './simulated-storage.js'
import type { World } from './world.js'

export const CLUSTER_ID = '77'

export type Observer = MemberObserver<SimulatedMember>

export interface Timing {
  readonly tickMs: number
  readonly heartbeatTicks: number
  readonly electionTicks: number
}

export interface SimulatedMemberOptions {
  readonly world: World
  readonly id: MemberId
  readonly network: PeerNetwork
  readonly membership: Membership
  readonly timing: Timing
  readonly clock: HostClock
  readonly checkpointMs: number
  readonly keptEntries: number
  readonly leaseCheckpointMs?: number | undefined
  readonly observer: Required<Observer>
}

/** What runs, from a start to its end. */
interface Run {
  readonly host: Host
  readonly storage: SimulatedStorage
  readonly member: Member<MemberTransport>
}

export class SimulatedMember {
  readonly id: MemberId
  readonly disk: MemberDisk
  readonly #options: SimulatedMemberOptions
  readonly #chance: Chance
  #run: Run | undefined
  #starts = 0
  /** Durable, like the rest of its directory. */
  #stamp: DirectoryStamp | undefined
  #wasRemoved = false

  constructor(options: SimulatedMemberOptions) {
    this.id = options.id
    this.#options = options
    this.#chance = options.world.chance.stream('member', options.id)
    this.disk = new MemberDisk(new DiskDrive(this.#chance.stream('disk')), options.membership)
  }

  get isRunning(): boolean {
    return this.#run !== undefined
  }

  /** The cluster has told it that it is no member any more. */
  get wasRemoved(): boolean {
    return this.#wasRemoved
  }

  /** How often it was started. */
  get starts(): number {
    return this.#starts
  }

  get host(): Host | undefined {
    return this.#run?.host
  }

  get storage(): SimulatedStorage | undefined {
    return this.#run?.storage
  }

  get member(): Member<MemberTransport> | undefined {
    return this.#run?.member
  }

  start(): void {
    if (this.#run !== undefined || this.#wasRemoved) return
    this.#starts += 1
    const { world, id, clock, network, checkpointMs } = this.#options
    const host = new Host(world, `${id}.${this.#starts}`, clock)
    const onFatal = (error: unknown): void => this.#onFatal(host, error)
    const storage = new SimulatedStorage({
      ...{ host, disk: this.disk, clusterId: CLUSTER_ID, checkpointMs, onFatal },
      watched: (machine) => this.#watched(machine, host),
      onWrite: (write) => this.#options.observer.onWrite(this, write),
      onStateCommit: () => {
        if (host.isAlive) this.#options.observer.onStateCommit(this)
      },
    })
    const member = this.#createMember(host, storage, network)
    this.#run = { host, storage, member }
    this.#options.observer.onStart(this)
    member.start([`http://m${id}`])
  }

  /** From now on it says, hears, writes and does nothing. */
  crash(kind: 'process' | 'power'): void {
    const run = this.#run
    if (run === undefined) return
    this.#run = undefined
    run.host.kill(kind)
    run.storage.crash(kind)
    this.#options.observer.onCrash(this)
  }

  #createMember(
    host: Host,
    storage: SimulatedStorage,
    network: PeerNetwork,
  ): Member<MemberTransport> {
    const { id, membership, timing, keptEntries, leaseCheckpointMs, observer, world } =
      this.#options
    const directory = this.#stampStart(storage)
    const chance = this.#chance.stream('run', this.#starts)
    return createMember({
      ...{ name: `m${id}`, identity: { clusterId: CLUSTER_ID, memberId: id, membership } },
      ...{ timing, storage, directory, keptEntries, quotaBytes: Infinity, clock: host.clock },
      leaseCheckpointMs,
      chance: {
        seed: chance.uint32(),
        incarnation: `${this.#starts}`,
        drawLeaseId: () => String(1 + chance.uint32() * 0x10_0000 + chance.below(0x10_0000)),
        drawUniqueId: () => chance.text(21),
      },
      createTransport: (handler) =>
        network.attach(id, {
          ...{ host, handler, directory, book: undefined },
          copyAt: (path) => storage.copyAt(path),
          receive: (image) => storage.receive(image),
          onRemoved: () => this.#onRemoved(host),
          onSend: (message) => observer.onSend(this, message),
          onReceive: (message) => observer.onReceive(this, message),
        }),
      createMetrics: () => () => Promise.resolve({ contentType: 'text/plain', body: '' }),
      onStatus: (status) => {
        world.record(`${id} is ${status.role} in ${status.term}`)
        observer.onStatus(this, status)
      },
      onDefect: (error) => this.#fail(host, error),
      onFatal: (error) => this.#onFatal(host, error),
    })
  }

  #stampStart({ state }: SimulatedStorage): DirectoryStamp {
    const chance = this.#chance.stream('directory', this.#starts)
    const published = state.members().find(({ id }) => id === this.id)?.directory
    this.#stamp = stampOfStart(this.#stamp, published, () => chance.text(21))
    return this.#stamp
  }

  #watched(machine: ReplaceableStateMachine, host: Host): ReplaceableStateMachine {
    const { world, observer } = this.#options
    const apply = machine.apply.bind(machine)
    const replaceStore = machine.replaceStore.bind(machine)
    machine.apply = (committed) => {
      // It may die in the middle, and what it has applied by then counts.
      const wasAlive = host.isAlive
      const batch = apply(committed)
      world.record(`${this.id} applied ${batch.appliedIndex} at ${machine.revision}`)
      if (wasAlive) observer.onApplied(this, committed, batch)
      return batch
    }
    machine.replaceStore = (store) => {
      replaceStore(store)
      if (host.isAlive) observer.onRestored(this)
    }
    return machine
  }

  /** A disk that failed ends the member; anything else that does is a bug. */
  #onFatal(host: Host, error: unknown): void {
    if (!host.isAlive) return
    if (isOfDisk(error)) this.crash('process')
    else this.#fail(host, error)
  }

  #fail(host: Host, error: unknown): void {
    if (host.isAlive) this.#options.world.fail(error)
  }

  #onRemoved(host: Host): void {
    if (!host.isAlive) return
    this.#wasRemoved = true
    this.crash('process')
  }
}

function isOfDisk(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (at.message === 'EIO') return true
  return false
}
