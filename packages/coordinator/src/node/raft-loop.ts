/**
 * The loop that drives the core: inputs are gathered while the event loop polls, then one turn
 * steps at most one tick, hands over what waits, and carries out the core's output.
 *
 * A turn runs in the check phase, after the poll phase, so that a member that was stalled reads its
 * inbox before it believes a timeout, and however long it was stalled only one tick follows
 * (etcd #12528). Nothing here waits for a disk: a write is handed to the log and its completion
 * comes back as an input.
 */

import type {
  InstallSnapshot,
  MemberId,
  MembershipAt,
  Message,
  Raft,
  Ready,
  Snapshot,
  Status,
} from '@holdfast/raft'
import type { Cancel, Clock } from '../time/clock.js'
import type { Applier } from './applier.js'
import type { PeerTransport } from './peer-transport.js'
import type { Proposer } from './proposer.js'
import type { ReadBarrier } from './read-barrier.js'

/** The log, as the loop writes it; `storage/` implements it. */
export interface LogWriter {
  append(
    write: Pick<NonNullable<Ready['append']>, 'hardState' | 'snapshot' | 'entries'>,
    onDurable: () => void,
  ): void
}

/** What the loop has others do about snapshots. */
export interface SnapshotWork {
  /** A follower needs one. */
  send(to: MemberId): void
  /** The received one takes the place of the state; the log already begins behind it. */
  install(snapshot: Snapshot): Promise<void>
  /** The received one is of no use. */
  discard(): void
}

type Append = NonNullable<Ready['append']>

export interface RaftLoopParts {
  readonly raft: Pick<
    Raft,
    'tick' | 'step' | 'reportUnreachable' | 'onAppended' | 'hasReady' | 'ready'
  >
  readonly log: LogWriter
  readonly transport: PeerTransport
  readonly proposer: Pick<Proposer, 'submit' | 'onDropped'>
  readonly reads: Pick<ReadBarrier, 'submit' | 'onReadState' | 'onDropped'>
  readonly applier: Pick<Applier, 'enqueue' | 'reset' | 'applySlice'>
  readonly snapshots: SnapshotWork
  readonly clock: Clock
  /** Whether this member must not become a leader now: it votes, and does not campaign meanwhile. */
  readonly isUnfitToLead: () => boolean
  readonly onMembership: (membership: MembershipAt) => void
  readonly onStatus: (status: Status) => void
  /** Once a tick, after the core's. */
  readonly onTick: (nowMs: number) => void
  /** A broken invariant: the member can no longer be trusted and must stop. */
  readonly onFatal: (error: unknown) => void
}

export class RaftLoop {
  readonly #parts: RaftLoopParts
  readonly #tickMs: number
  #stopTicks: Cancel | undefined
  #cancelTurn: Cancel | undefined
  #tickDue = false
  #tickedAtMs = 0
  #stopped = false
  /** Writes that are durable and not yet reported to the core, oldest first. */
  readonly #written: Append[] = []
  /** From the moment the core takes a snapshot over until the state is read from it. */
  #isInstalling = false
  /** The write at the head is durable, and its snapshot is being put in the state's place. */
  #isWaiting = false
  #snapshotsTaken = 0

  constructor(parts: RaftLoopParts, tickMs: number) {
    this.#parts = parts
    this.#tickMs = tickMs
  }

  start(): void {
    const { clock } = this.#parts
    this.#tickedAtMs = clock.nowMs()
    this.#stopTicks = clock.every(this.#tickMs, () => {
      this.#tickDue = true
      this.wake()
    })
    this.wake()
  }

  stop(): void {
    this.#stopped = true
    this.#stopTicks?.()
    this.#cancelTurn?.()
  }

  /** Asks for a turn. Any number of calls before it make one turn. */
  readonly wake = (): void => {
    if (this.#cancelTurn !== undefined || this.#stopped) return
    this.#cancelTurn = this.#parts.clock.afterPoll(() => {
      this.#cancelTurn = undefined
      this.#guard(() => this.#runTurn())
    })
  }

  /** A message from a peer. */
  receive(message: Message): void {
    if (this.#stopped) return
    this.#guard(() => this.#parts.raft.step(message))
    this.wake()
  }

  get isInstalling(): boolean {
    return this.#isInstalling
  }

  /** A snapshot from a peer is here, whole and durable: the core takes it over or has no use for it. */
  receiveSnapshot(message: InstallSnapshot): void {
    if (this.#stopped) return
    const takenBefore = this.#snapshotsTaken
    this.#guard(() => {
      this.#parts.raft.step(message)
      this.#runTurn()
    })
    if (this.#snapshotsTaken === takenBefore) this.#parts.snapshots.discard()
  }

  /** Messages to this member were dropped on the way out. */
  reportUnreachable(id: MemberId): void {
    if (this.#stopped) return
    this.#guard(() => this.#parts.raft.reportUnreachable(id))
    this.wake()
  }

  #runTurn(): void {
    const { raft, proposer, reads, applier, transport } = this.#parts
    if (this.#tickDue) {
      this.#tickDue = false
      raft.tick(this.#elapsedTicks(), !this.#parts.isUnfitToLead())
      this.#parts.onTick(this.#parts.clock.nowMs())
    }
    proposer.submit()
    reads.submit()
    while (raft.hasReady()) this.#dispatch(raft.ready())
    // Applying takes a while, and what the others wait for must not wait for it.
    transport.flush()
    applier.applySlice()
    while (raft.hasReady()) this.#dispatch(raft.ready())
    transport.flush()
  }

  /** After a stall: what was missed, by which a leader counts and a follower does not. */
  #elapsedTicks(): number {
    const nowMs = this.#parts.clock.nowMs()
    const elapsed = Math.round((nowMs - this.#tickedAtMs) / this.#tickMs)
    this.#tickedAtMs = nowMs
    return Math.max(1, elapsed)
  }

  /** The order is the core's contract: see `ready.ts` of @holdfast/raft. */
  #dispatch(ready: Ready): void {
    const { transport, reads, proposer, applier } = this.#parts
    if (ready.status !== undefined) this.#parts.onStatus(ready.status)
    if (ready.membership !== undefined) this.#parts.onMembership(ready.membership)
    for (const message of ready.messages) transport.send(message)
    if (ready.append !== undefined) this.#persist(ready.append)
    if (ready.committed.length > 0) applier.enqueue(ready.committed)
    for (const { ref, index } of ready.readStates) reads.onReadState(ref, index)
    reads.onDropped(ready.droppedReads)
    proposer.onDropped(ready.droppedProposals)
    for (const to of ready.snapshotsToSend) this.#parts.snapshots.send(to)
  }

  #persist(append: Append): void {
    const { log, applier } = this.#parts
    if (append.snapshot !== undefined) {
      this.#isInstalling = true
      this.#snapshotsTaken += 1
      applier.reset()
    }
    log.append(append, () => {
      this.#written.push(append)
      if (!this.#isWaiting) this.#reportWritten()
    })
  }

  /** Writes are reported in order, so those behind a snapshot wait until it is installed. */
  #reportWritten(): void {
    while (!this.#stopped) {
      const append = this.#written.shift()
      if (append === undefined) return
      if (append.snapshot !== undefined) {
        void this.#install(append, append.snapshot)
        return
      }
      this.#report(append)
    }
  }

  async #install(append: Append, snapshot: Snapshot): Promise<void> {
    this.#isWaiting = true
    try {
      await this.#parts.snapshots.install(snapshot)
    } catch (error) {
      this.stop()
      this.#parts.onFatal(error)
      return
    }
    this.#isWaiting = false
    this.#isInstalling = false
    if (!this.#stopped) this.#report(append)
    this.#reportWritten()
  }

  #report({ term, index, messages }: Append): void {
    const { transport, raft } = this.#parts
    for (const message of messages) transport.send(message)
    this.#guard(() => raft.onAppended(term, index))
    this.wake()
  }

  #guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.stop()
      this.#parts.onFatal(error)
    }
  }
}
