/**
 * Carries each proposal from the caller to its outcome: queued until the turn's batch is handed to
 * the core, submitted in a term, resolved when its entry is applied here.
 *
 * A submitted proposal can only be appended in the term in which it was submitted: a leader appends
 * in its own term, and a forwarded batch from an older term is refused. Terms never decrease along a
 * log, so once an entry of a higher term has been applied, a proposal that has not been is certainly
 * lost (Raft §5.4, log matching), and submitting it again cannot make it happen twice.
 */

import type { ProposeResult } from '@holdfast/raft'
import type { Command, Proposal, RequestId } from '../state-machine/command.js'
import { type CommandResult, type Outcome, Refusal } from '../state-machine/outcome.js'
import type { AppliedProposal } from '../state-machine/state-machine.js'
import type { Clock } from '../time/clock.js'
import { NodeError } from './node-error.js'

/** Proposals that may wait for their outcome at one member; more are refused. */
export const MAX_PENDING_PROPOSALS = 5_000
/** Their encoded size in all. */
export const MAX_PENDING_PROPOSAL_BYTES = 64 * 1024 * 1024
/**
 * Of one batch, unless a single proposal is larger. A leader under load takes small batches in
 * between others; one of all that may be pending it would refuse for as long as the load lasts.
 */
export const MAX_BATCH_BYTES = 1024 * 1024

export interface ProposeOptions {
  readonly timeoutMs: number
  readonly requestId?: RequestId | undefined
}

/** What the proposer needs of the core. */
export interface ProposalSink {
  propose(commands: readonly Uint8Array[], ref: number): ProposeResult
  readonly status: { readonly term: number }
}

interface Pending {
  readonly sequence: number
  readonly data: Uint8Array
  readonly deadlineMs: number
  /** The term in which it was last submitted; undefined while it waits to be. */
  term: number | undefined
  /** The batch in which it was last submitted. */
  ref: number
  settle(outcome: Outcome | NodeError): void
}

export class Proposer {
  readonly #sink: ProposalSink
  readonly #origin: string
  readonly #encode: (proposal: Proposal) => Uint8Array
  readonly #wake: () => void
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #pending = new Map<number, Pending>()
  /** Sequences to submit in the next turn, oldest first. */
  #queue: Pending[] = []
  #sequence = 0
  #ref: number
  #pendingBytes = 0
  #lastAppliedTerm = 0
  /** After a refusal, until the next tick: whoever refused would do so again at once. */
  #paused = false
  #closed = false

  constructor(options: {
    readonly sink: ProposalSink
    /** Unique to this member and this run of it. */
    readonly origin: string
    readonly encode: (proposal: Proposal) => Uint8Array
    /** Asks for a turn of the node's loop. */
    readonly wake: () => void
    readonly clock: Pick<Clock, 'nowMs'>
    /** Drawn at random: a refusal meant for a batch of an earlier run is not taken for one of this run's. */
    readonly firstRef: number
  }) {
    this.#sink = options.sink
    this.#origin = options.origin
    this.#encode = options.encode
    this.#wake = options.wake
    this.#clock = options.clock
    this.#ref = options.firstRef
  }

  get pendingCount(): number {
    return this.#pending.size
  }

  /**
   * Resolves when the command has been committed and applied here.
   * @throws {Refusal} when the state refuses it; nothing changed
   * @throws {NodeError} when it could not be carried out, or its outcome is unknown
   */
  propose(command: Command, options: ProposeOptions): Promise<CommandResult> {
    if (this.#closed) return Promise.reject(new NodeError('stopped', 'not-applied'))
    this.#sequence += 1
    const sequence = this.#sequence
    const { requestId } = options
    const data = this.#encode({ origin: this.#origin, sequence, requestId, command })
    if (
      this.#pending.size >= MAX_PENDING_PROPOSALS ||
      this.#pendingBytes + data.byteLength > MAX_PENDING_PROPOSAL_BYTES
    ) {
      return Promise.reject(new NodeError('tooManyRequests', 'not-applied'))
    }
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        sequence,
        data,
        deadlineMs: this.#clock.nowMs() + options.timeoutMs,
        term: undefined,
        ref: 0,
        settle: (outcome) => {
          this.#pending.delete(sequence)
          this.#pendingBytes -= data.byteLength
          if (outcome instanceof NodeError) reject(outcome)
          else if (outcome.ok) resolve(outcome.result)
          else reject(new Refusal(outcome.reason))
        },
      }
      this.#pending.set(sequence, pending)
      this.#pendingBytes += data.byteLength
      this.#queue.push(pending)
      this.#wake()
    })
  }

  /** Hands everything that waits to the core. */
  submit(): void {
    if (this.#queue.length === 0 || this.#paused) return
    const waiting = this.#queue.filter((pending) => this.#pending.has(pending.sequence))
    this.#queue = []
    for (let from = 0; from < waiting.length;) {
      const batch = waiting.slice(from, endOfBatch(waiting, from))
      if (this.#submitBatch(batch) === 'noLeader') {
        // They stay queued, in order, until there is a leader or their deadline passes.
        this.#queue = waiting.slice(from)
        return
      }
      from += batch.length
    }
  }

  #submitBatch(batch: readonly Pending[]): ProposeResult {
    this.#ref += 1
    const result = this.#sink.propose(
      batch.map((pending) => pending.data),
      this.#ref,
    )
    if (result === 'appended' || result === 'forwarded') {
      const { term } = this.#sink.status
      for (const pending of batch) {
        pending.term = term
        pending.ref = this.#ref
      }
    } else if (result === 'tooManyUncommitted') {
      for (const pending of batch) pending.settle(new NodeError('tooManyRequests', 'not-applied'))
    }
    return result
  }

  /** The leader refused these batches: they were not appended anywhere. */
  onDropped(refs: readonly number[]): void {
    if (refs.length === 0) return
    this.#paused = true
    this.#requeue((pending) => pending.term !== undefined && refs.includes(pending.ref))
  }

  /** `term` is that of the newest entry applied. */
  onApplied(applied: readonly AppliedProposal[], term: number): void {
    for (const { proposal, outcome } of applied) {
      if (proposal.origin !== this.#origin) continue
      this.#pending.get(proposal.sequence)?.settle(outcome)
    }
    if (term <= this.#lastAppliedTerm) return
    this.#lastAppliedTerm = term
    this.#requeue((pending) => pending.term !== undefined && pending.term < term)
  }

  /**
   * A snapshot took the place of entries that were never seen here. What was submitted may have been
   * among them, so of each outcome nothing is known; a request id would tell who asks again.
   */
  onRestored(): void {
    for (const pending of this.#pending.values()) {
      if (pending.term !== undefined) pending.settle(new NodeError('timeout', 'unknown'))
    }
  }

  /** Gives up on what has waited too long. */
  tick(nowMs: number): void {
    this.#paused = false
    for (const pending of this.#pending.values()) {
      if (pending.deadlineMs > nowMs) continue
      pending.settle(
        pending.term === undefined
          ? new NodeError('noLeader', 'not-applied')
          : new NodeError('timeout', 'unknown'),
      )
    }
  }

  close(): void {
    this.#closed = true
    for (const pending of this.#pending.values()) {
      pending.settle(
        new NodeError('stopped', pending.term === undefined ? 'not-applied' : 'unknown'),
      )
    }
  }

  #requeue(isLost: (pending: Pending) => boolean): void {
    const lost = [...this.#pending.values()].filter(isLost)
    for (const pending of lost) pending.term = undefined
    if (lost.length === 0) return
    this.#queue = [...lost, ...this.#queue]
    this.#wake()
  }
}

/** One past the last that still fits into the batch that begins at `from`. */
function endOfBatch(waiting: readonly Pending[], from: number): number {
  let bytes = waiting[from]?.data.byteLength ?? 0
  let end = from + 1
  for (; end < waiting.length; end++) {
    bytes += waiting[end]?.data.byteLength ?? 0
    if (bytes > MAX_BATCH_BYTES) break
  }
  return end
}
