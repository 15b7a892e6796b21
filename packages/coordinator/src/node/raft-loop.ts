/**
 * The loop that drives the core: inputs are gathered while the event loop polls, then one turn
 * steps at most one tick, hands over what waits, and carries out the core's output.
 *
 * A turn runs in the check phase, after the poll phase, so that a member that was stalled reads its
 * inbox before it believes a timeout, and however long it was stalled only one tick follows
 * (etcd #12528). Nothing here waits for a disk: a write is handed to the log and its completion
 * comes back as an input.
 */

import type { MemberId, Message, Raft, Ready, Status } from '@holdfast/raft'
import type { Applier } from './applier.js'
import type { PeerTransport } from './peer-transport.js'
import type { Proposer } from './proposer.js'
import type { ReadBarrier } from './read-barrier.js'

/** The log, as the loop writes it; `storage/` implements it. */
export interface LogWriter {
  append(
    write: Pick<NonNullable<Ready['append']>, 'hardState' | 'entries'>,
    onDurable: () => void,
  ): void
}

export interface RaftLoopParts {
  readonly raft: Pick<
    Raft,
    'tick' | 'step' | 'reportUnreachable' | 'onAppended' | 'hasReady' | 'ready'
  >
  readonly log: LogWriter
  readonly transport: PeerTransport
  readonly proposer: Pick<Proposer, 'submit' | 'onDropped'>
  readonly reads: Pick<ReadBarrier, 'submit' | 'onReadState' | 'onDropped'>
  readonly applier: Pick<Applier, 'enqueue' | 'applySlice'>
  readonly onStatus: (status: Status) => void
  /** Once a tick, after the core's. */
  readonly onTick: (nowMs: number) => void
  /** A broken invariant: the member can no longer be trusted and must stop. */
  readonly onFatal: (error: unknown) => void
}

export class RaftLoop {
  readonly #parts: RaftLoopParts
  readonly #tickMs: number
  #timer: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined
  #tickDue = false
  #tickedAtMs = 0
  #stopped = false

  constructor(parts: RaftLoopParts, tickMs: number) {
    this.#parts = parts
    this.#tickMs = tickMs
  }

  start(): void {
    this.#tickedAtMs = performance.now()
    this.#timer = setInterval(() => {
      this.#tickDue = true
      this.wake()
    }, this.#tickMs)
    this.wake()
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    clearImmediate(this.#turn)
  }

  /** Asks for a turn. Any number of calls before it make one turn. */
  readonly wake = (): void => {
    if (this.#turn !== undefined || this.#stopped) return
    this.#turn = setImmediate(() => {
      this.#turn = undefined
      this.#guard(() => this.#runTurn())
    })
  }

  /** A message from a peer. */
  receive(message: Message): void {
    if (this.#stopped) return
    this.#guard(() => this.#parts.raft.step(message))
    this.wake()
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
      raft.tick(this.#elapsedTicks())
      this.#parts.onTick(performance.now())
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
    const nowMs = performance.now()
    const elapsed = Math.round((nowMs - this.#tickedAtMs) / this.#tickMs)
    this.#tickedAtMs = nowMs
    return Math.max(1, elapsed)
  }

  /** The order is the core's contract: see `ready.ts` of @holdfast/raft. */
  #dispatch(ready: Ready): void {
    const { transport, reads, proposer, applier } = this.#parts
    if (ready.status !== undefined) this.#parts.onStatus(ready.status)
    for (const message of ready.messages) transport.send(message)
    if (ready.append !== undefined) this.#persist(ready.append)
    if (ready.committed.length > 0) applier.enqueue(ready.committed)
    for (const { ref, index } of ready.readStates) reads.onReadState(ref, index)
    reads.onDropped(ready.droppedReads)
    proposer.onDropped(ready.droppedProposals)
  }

  #persist(append: NonNullable<Ready['append']>): void {
    const { log, transport, raft } = this.#parts
    log.append(append, () => {
      if (this.#stopped) return
      for (const message of append.messages) transport.send(message)
      this.#guard(() => raft.onAppended(append.term, append.index))
      this.wake()
    })
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
