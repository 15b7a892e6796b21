/**
 * One member, as the HTTP edge and the composition root see it. It only connects the parts that do
 * the work: the loop, the proposer, the read barrier, the applier and the lease keeper.
 */

import {
  invariant,
  Raft,
  type LogStorage,
  type MemberId,
  type Membership,
  type Snapshot,
  type Status,
} from '@holdfast/raft'
import type { Command, Proposal } from '../state-machine/command.js'
import { grows } from '../state-machine/growth.js'
import type { CommandResult } from '../state-machine/outcome.js'
import type { AppliedBatch, StateMachine } from '../state-machine/state-machine.js'
import type { Clock } from '../time/clock.js'
import { Applier } from './applier.js'
import { Heirs } from './heirs.js'
import { Intake } from './intake.js'
import { LeaderPresence } from './leader-presence.js'
import { LeaseClock } from './lease-clock.js'
import { LeaseKeeper } from './lease-keeper.js'
import { LeaseService } from './lease-service.js'
import { LogCutter } from './log-cutter.js'
import { MembershipService } from './membership-service.js'
import { PeerConnections } from './peer-connections.js'
import type { PeerAnswer, PeerHandler, PeerRequest, PeerTransport } from './peer-transport.js'
import { NodeError } from './node-error.js'
import { Proposer, type ProposeOptions } from './proposer.js'
import { RaftLoop, type LogWriter } from './raft-loop.js'
import { ReadBarrier } from './read-barrier.js'
import { SlowDisk } from './slow-disk.js'
import { SpaceGuard, type Space, type SpaceNews } from './space-guard.js'
import { Snapshots, type SnapshotParts } from './snapshots.js'
import { StateUpkeep } from './state-upkeep.js'

export interface NodeOptions {
  readonly memberId: MemberId
  /** Unique to this run of the member: its proposals are told from those of earlier runs by it. */
  readonly incarnation: string
  readonly tickMs: number
  readonly electionTicks: number
  readonly heartbeatTicks: number
  readonly seed: number
  readonly clock: Clock
  readonly log: LogWriter & LogStorage & { cut(index: number): void }
  readonly state: StateMachine
  readonly applyGate: () => Promise<void> | undefined
  readonly snapshots: NodeSnapshots
  /** How often it is noted what long leases have left. Default 5 minutes. */
  readonly leaseCheckpointMs?: number | undefined
  readonly codec: {
    encode(proposal: Proposal): Uint8Array
    decode(data: Uint8Array): Proposal
  }
  readonly transport: PeerTransport
  /** Called after each applied batch, before anybody is answered. */
  readonly onApplied: (batch: AppliedBatch) => void
  /** The state was replaced by a later one; before, it was at `revision`. */
  readonly onRestored: (revision: number) => void
  readonly onStatus: (status: Status) => void
  /** The disk of the data; undefined where space is no matter. */
  readonly space?: Space | undefined
  readonly onSpace?: ((news: SpaceNews) => void) | undefined
  /** Leadership is handed over, because a write of the log takes so long. */
  readonly onSlowDisk?: ((to: MemberId, stalledMs: number) => void) | undefined
  readonly onFatal: (error: unknown) => void
}

/** Where snapshots come from and go to; `storage/` and `transport/` implement it. */
export interface NodeSnapshots {
  readonly take: SnapshotParts['take']
  readonly send: SnapshotParts['send']
  /** Puts the received snapshot in the place of the state. */
  readonly install: () => Promise<void>
  /** The received snapshot is of no use. */
  readonly discard: () => void
  /** The state at this index survives a power loss. */
  readonly durableIndex: () => number
  /** The oldest snapshot on its way to a follower; Infinity if there is none. */
  readonly oldestSentIndex: () => number
  /** Entries of the log that are kept although the state holds them. */
  readonly keptEntries?: number
}

export class CoordinatorNode {
  readonly state: StateMachine
  readonly leases: LeaseService
  readonly leaderPresence: LeaderPresence
  readonly upkeep: StateUpkeep
  readonly members: MembershipService
  /** For what arrives from other members. */
  readonly peerHandler: PeerHandler
  readonly electionTimeoutMs: number
  readonly #options: NodeOptions
  readonly #raft: Raft
  readonly #reads: ReadBarrier
  readonly #proposer: Proposer
  readonly #keeper: LeaseKeeper
  readonly #applier: Applier
  readonly #transport: PeerTransport
  readonly #connections: PeerConnections
  readonly #snapshots: Snapshots
  readonly #cutter: LogCutter
  readonly #disk: SlowDisk
  readonly #space: SpaceGuard | undefined
  readonly #loop: RaftLoop
  #status: Status
  #restoreCount = 0

  constructor(options: NodeOptions) {
    const { state, memberId, seed, electionTicks, heartbeatTicks, tickMs, clock } = options
    this.#options = options
    this.state = state
    this.electionTimeoutMs = electionTicks * tickMs
    this.leaderPresence = new LeaderPresence(this.electionTimeoutMs, this.#options.clock.nowMs())
    const { appliedIndex } = state
    this.#raft = new Raft(
      { id: memberId, seed, electionTicks, heartbeatTicks, appliedIndex },
      options.log,
    )
    this.#status = this.#raft.status
    const wake = (): void => this.#loop.wake()
    const ask = (ref: number): void => this.#raft.readIndex(ref)
    this.#reads = new ReadBarrier({ ask, wake, clock, appliedIndex })
    this.#proposer = new Proposer({
      sink: this.#raft,
      origin: `${memberId}/${options.incarnation}`,
      encode: (proposal) => options.codec.encode(proposal),
      ...{ wake, clock, firstRef: seed },
    })
    this.#keeper = this.#createKeeper()
    const { applyGate: gate, onFatal } = options
    this.upkeep = new StateUpkeep(state, { gate, clock, onFatal })
    this.#applier = new Applier({
      state,
      decode: (data) => options.codec.decode(data),
      ...{ gate, wake },
      onApplied: (batch, term) => this.#onApplied(batch, term),
    })
    this.#transport = options.transport
    this.#connections = new PeerConnections({
      raft: this.#raft,
      ...{ transport: this.#transport, electionTicks },
    })
    this.leases = new LeaseService({
      keeper: this.#keeper,
      reads: this.#reads,
      ...{ transport: this.#transport, clock },
      leaderId: () => this.#status.leaderId,
    })
    const { take, send, ...cutting } = options.snapshots
    const hasRoom = (): boolean => this.hasRoomFor(state.sizeBytes)
    this.#snapshots = new Snapshots({ raft: this.#raft, hasRoom, take, send, wake, clock })
    this.#cutter = new LogCutter({ log: options.log, ...cutting })
    this.members = new MembershipService({
      raft: this.#raft,
      transport: this.#transport,
      hasStarted: (id) => state.members().some((member) => member.id === id),
      ...{ wake, clock, electionTimeoutMs: this.electionTimeoutMs },
    })
    const heirs = new Heirs({ memberId, raft: this.#raft })
    this.#space = this.#createSpaceGuard(heirs)
    this.#disk = this.#createSlowDisk(heirs)
    this.#loop = this.#createLoop()
    this.peerHandler = this.#createPeerHandler()
  }

  get status(): Status {
    return this.#raft.status
  }

  get pendingProposals(): number {
    return this.#proposer.pendingCount
  }

  /** Entries that are committed and not yet applied here. */
  get applyBacklog(): number {
    return this.#applier.backlog
  }

  /** Snapshots that took the place of the state. */
  get restoreCount(): number {
    return this.#restoreCount
  }

  /** Whether the disk is too full for the store to grow. */
  get isShortOfSpace(): boolean {
    return this.#space?.isShort ?? false
  }

  /** Whether so much may be written without making this member short of space. */
  hasRoomFor(bytes: number): boolean {
    return this.#space?.hasRoomFor(bytes) ?? true
  }

  /** The same, by a look at the disk that begins now. */
  async findsRoomFor(bytes: number): Promise<boolean> {
    return (await this.#space?.findsRoomFor(bytes)) ?? true
  }

  /** Voters that this leader has heard within an election timeout; 0 where it does not lead. */
  get activeVoters(): number {
    return this.membership.voters.filter((id) => this.#raft.isActive(id)).length
  }

  /** In force, whether its entry is committed or not. */
  get membership(): Membership {
    return this.#raft.membership.membership
  }

  get committedMembership(): Membership {
    return this.#raft.committedMembership.membership
  }

  start(): void {
    // Alone there is nobody to wait for.
    if (this.membership.voters.join() === this.#options.memberId) this.#raft.campaign()
    this.#loop.start()
    this.upkeep.startRemoving()
    void this.#space?.start()
  }

  /** @throws {Refusal | NodeError} */
  propose(command: Command, options: ProposeOptions): Promise<CommandResult> {
    if (this.#space?.isShort === true && grows(command)) {
      return Promise.reject(new NodeError('noSpace', 'not-applied'))
    }
    return this.#proposer.propose(command, options)
  }

  /** After it, a read of `state` is linearizable. @throws {NodeError} */
  readBarrier(timeoutMs: number): Promise<void> {
    return this.#reads.wait(timeoutMs)
  }

  async close(): Promise<void> {
    this.#loop.stop()
    const spaceLeft = this.#space?.close()
    this.#snapshots.close()
    if (this.#keeper.leads) this.#keeper.demote()
    this.#proposer.close()
    this.#reads.close()
    this.leases.close()
    this.members.close()
    this.upkeep.close()
    await this.#transport.close()
    await spaceLeft
  }

  #createPeerHandler(): PeerHandler {
    const intake = new Intake({
      memberId: this.#options.memberId,
      raft: this.#raft,
      transport: this.#transport,
      decode: (data) => this.#options.codec.decode(data),
      hasNoRoom: () => this.#space?.isCritical === true,
      wake: () => this.#loop.wake(),
    })
    return {
      onMessage: (message) => {
        if (intake.admits(message)) this.#loop.receive(message)
      },
      onRequest: (request) => this.#answer(request),
      onUnreachable: (id) => this.#loop.reportUnreachable(id),
      wantsSnapshot: ({ snapshot }) =>
        !this.#loop.isInstalling &&
        this.#space?.isShort !== true &&
        snapshot.index > this.state.appliedIndex,
      onSnapshot: (message) => this.#loop.receiveSnapshot(message),
    }
  }

  #createSpaceGuard(heirs: Heirs): SpaceGuard | undefined {
    const { space, clock, onSpace } = this.#options
    if (space === undefined) return undefined
    return new SpaceGuard({
      ...{ space, clock, raft: this.#raft, heirs },
      electionTimeoutMs: this.electionTimeoutMs,
      onNews: (news) => onSpace?.(news),
    })
  }

  #createSlowDisk(heirs: Heirs): SlowDisk {
    const { log, clock, onSlowDisk } = this.#options
    return new SlowDisk({
      ...{ raft: this.#raft, heirs, log, clock },
      electionTimeoutMs: this.electionTimeoutMs,
      onHandOver: (to, stalledMs) => onSlowDisk?.(to, stalledMs),
    })
  }

  #createKeeper(): LeaseKeeper {
    const decide = (command: Command): Promise<CommandResult> =>
      this.#proposer.propose(command, { timeoutMs: Infinity })
    return new LeaseKeeper({
      clock: this.#options.clock,
      leaseClock: new LeaseClock(2 * this.#options.tickMs, this.#options.clock.nowMs()),
      electionTimeoutMs: this.electionTimeoutMs,
      leases: () => this.state.leases(),
      confirmLeadership: () => this.#reads.wait(this.electionTimeoutMs),
      proposeExpiry: ({ id, grantedIndex }, term) =>
        decide({ type: 'leaseExpire', id, term, grantedIndex }),
      proposeCheckpoints: (checkpoints, term) =>
        decide({ type: 'leaseCheckpoint', term, checkpoints }),
      checkpointMs: this.#options.leaseCheckpointMs,
    })
  }

  #createLoop(): RaftLoop {
    return new RaftLoop(
      {
        raft: this.#raft,
        log: this.#disk,
        transport: this.#transport,
        proposer: this.#proposer,
        reads: this.#reads,
        applier: this.#applier,
        clock: this.#options.clock,
        isUnfitToLead: () => this.#disk.isSlow,
        snapshots: {
          send: (to) => void this.#snapshots.sendTo(to),
          install: (snapshot) => this.#install(snapshot),
          discard: this.#options.snapshots.discard,
        },
        onMembership: () => this.#connections.onMembership(),
        onStatus: (status) => this.#onStatus(status),
        onTick: (nowMs) => this.#onTick(nowMs),
        onFatal: this.#options.onFatal,
      },
      this.#options.tickMs,
    )
  }

  #answer(request: PeerRequest): Promise<PeerAnswer> {
    switch (request.type) {
      case 'changeMembership':
      case 'transferLeadership':
        return this.members.answer(request, this.electionTimeoutMs)
      case 'leaseRenew':
      case 'leaseRemaining':
      case 'leasesBySoonestExpiry':
        return this.leases.answer(request, this.electionTimeoutMs)
    }
  }

  #onStatus(status: Status): void {
    const termChanged = status.term !== this.#status.term
    const leaderChanged = termChanged || status.leaderId !== this.#status.leaderId
    const stillLeads = status.role === 'leader' && !termChanged
    this.#status = status
    this.leaderPresence.onLeader(status.leaderId !== undefined, this.#options.clock.nowMs())
    if (!stillLeads && this.#keeper.leads) this.#keeper.demote()
    if (leaderChanged) {
      this.#reads.onLeaderChange()
      this.#loop.wake()
    }
    this.#options.onStatus(status)
  }

  #onApplied(batch: AppliedBatch, term: number): void {
    this.#raft.onApplied(batch.appliedIndex)
    const compacted = batch.proposals.some(
      ({ outcome }) => outcome.ok && outcome.result.type === 'compact',
    )
    if (compacted) this.upkeep.startRemoving()
    this.#keeper.onApplied(batch.leaseChanges, this.#options.clock.nowMs())
    const { role, term: currentTerm } = this.#status
    if (role === 'leader' && term === currentTerm && !this.#keeper.leads) {
      this.#keeper.promote(term, this.#options.clock.nowMs())
    }
    this.#options.onApplied(batch)
    this.#proposer.onApplied(batch.proposals, term)
    this.#reads.onApplied(batch.appliedIndex)
  }

  async #install({ index }: Snapshot): Promise<void> {
    const { revision } = this.state
    await this.#options.snapshots.install()
    invariant(this.state.appliedIndex === index, 'the snapshot holds what it stands for')
    this.#restoreCount += 1
    this.#options.onRestored(revision)
    this.#proposer.onRestored()
    this.#reads.onApplied(index)
    this.upkeep.startRemoving()
  }

  #onTick(nowMs: number): void {
    this.#connections.tick()
    this.#disk.tick()
    this.#cutter.tick()
    this.#proposer.tick(nowMs)
    this.#reads.tick(nowMs)
    this.#keeper.tick(nowMs)
    this.leaderPresence.tick(nowMs)
  }
}
