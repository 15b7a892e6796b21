/**
 * Removes what a compaction made obsolete, a slice between other work, so that a large compaction
 * never delays a heartbeat. Readers see the compaction at once, whatever is still on disk.
 */

import type { StateMachine } from '../state-machine/state-machine.js'
import type { Clock } from '../time/clock.js'

/** Rows removed in one go: a few milliseconds of work. */
export const ROWS_PER_SLICE = 1_000

export class Compactor {
  readonly #state: Pick<StateMachine, 'removeCompacted'>
  /** Whether apply is held: then nothing may be written to the state at all. */
  readonly #gate: () => Promise<void> | undefined
  readonly #clock: Clock
  readonly #onFatal: (error: unknown) => void
  #running: Promise<void> | undefined
  #again = false
  #closed = false

  constructor(options: {
    readonly state: Pick<StateMachine, 'removeCompacted'>
    readonly gate: () => Promise<void> | undefined
    readonly clock: Clock
    readonly onFatal: (error: unknown) => void
  }) {
    this.#state = options.state
    this.#gate = options.gate
    this.#clock = options.clock
    this.#onFatal = options.onFatal
  }

  /** A compaction was applied, perhaps in an earlier run of this member. */
  start(): void {
    this.#again = true
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  /** Resolves when nothing is left to remove. */
  async finished(): Promise<void> {
    await this.#running
  }

  close(): void {
    this.#closed = true
  }

  async #run(): Promise<void> {
    try {
      while (this.#again) {
        this.#again = false
        let more = true
        while (more) {
          await this.#gate()
          await new Promise<void>((resolve) => this.#clock.afterPoll(resolve))
          if (this.#closed) return
          if (this.#gate() === undefined) more = this.#state.removeCompacted(ROWS_PER_SLICE)
        }
      }
    } catch (error) {
      this.#onFatal(error)
    }
  }
}
