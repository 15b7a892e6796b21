/**
 * Feeds committed entries to the state machine, in order, a bounded slice a turn, so that a long
 * backlog (a restart, a follower catching up) never keeps heartbeats waiting.
 */

import type { Entry } from '@holdfast/raft'
import type { Proposal } from '../state-machine/command.js'
import type {
  AppliedBatch,
  CommittedProposal,
  StateMachine,
} from '../state-machine/state-machine.js'

/** Entries applied in one transaction: about 10 ms of work at most. */
export const MAX_ENTRIES_PER_SLICE = 512

/** Applied entries that may wait to be dropped: dropping copies what is left. */
const MAX_DONE_ENTRIES = 8 * MAX_ENTRIES_PER_SLICE

export interface ApplierOptions {
  readonly state: Pick<StateMachine, 'apply'>
  readonly decode: (data: Uint8Array) => Proposal
  /** While it is pending, nothing may be applied: the state's checkpoint is finishing. */
  readonly gate: () => Promise<void> | undefined
  readonly wake: () => void
  /** `term` is that of the newest entry of the slice. */
  readonly onApplied: (batch: AppliedBatch, term: number) => void
}

export class Applier {
  readonly #options: ApplierOptions
  #queue: Entry[] = []
  /** Entries of the queue that have been applied; dropped now and then, not one slice at a time. */
  #done = 0
  #heldBy: Promise<void> | undefined

  constructor(options: ApplierOptions) {
    this.#options = options
  }

  get backlog(): number {
    return this.#queue.length - this.#done
  }

  enqueue(entries: readonly Entry[]): void {
    for (const entry of entries) this.#queue.push(entry)
  }

  /** A snapshot takes the place of everything that waits. */
  reset(): void {
    this.#queue = []
    this.#done = 0
  }

  /** Applies the next slice, if there is one and nothing holds it up. */
  applySlice(): void {
    if (this.backlog === 0 || this.#heldBy !== undefined) return
    const gate = this.#options.gate()
    if (gate !== undefined) {
      this.#heldBy = gate
      const open = (): void => {
        this.#heldBy = undefined
        this.#options.wake()
      }
      // A checkpoint that failed is the storage's to report.
      gate.then(open, open)
      return
    }
    const slice = this.#take()
    const batch = this.#options.state.apply(slice.map((entry) => this.#decode(entry)))
    this.#options.onApplied(batch, slice.at(-1)?.term ?? 0)
    if (this.backlog > 0) this.#options.wake()
  }

  #take(): readonly Entry[] {
    const slice = this.#queue.slice(this.#done, this.#done + MAX_ENTRIES_PER_SLICE)
    this.#done += slice.length
    if (this.#done >= MAX_DONE_ENTRIES || this.backlog === 0) {
      this.#queue = this.#queue.slice(this.#done)
      this.#done = 0
    }
    return slice
  }

  #decode({ index, term, kind, data }: Entry): CommittedProposal {
    return { index, term, proposal: kind === 'command' ? this.#options.decode(data) : undefined }
  }
}
