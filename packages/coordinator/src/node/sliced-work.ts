/**
 * Work on the state that is done a slice between other work, so that it never delays a heartbeat, and
 * not while apply is held: then nothing may be written to the state at all.
 */

import type { Clock } from '../time/clock.js'

export interface SlicedWorkOptions {
  /** Does one slice, of a few milliseconds; true while there is more to do. */
  readonly slice: () => boolean
  /** Pending while apply is held. */
  readonly gate: () => Promise<void> | undefined
  readonly clock: Pick<Clock, 'afterPoll'>
  readonly onFatal: (error: unknown) => void
}

export class SlicedWork {
  readonly #options: SlicedWorkOptions
  #running: Promise<void> | undefined
  #again = false
  #closed = false
  #stopWaiting = (): void => undefined

  constructor(options: SlicedWorkOptions) {
    this.#options = options
  }

  /** There may be something to do; also for who is at it and had come to the end. */
  start(): void {
    this.#again = true
    this.#running ??= this.#run()
  }

  /** Resolves when nothing is left to do, or there will be no more slices. */
  async finished(): Promise<void> {
    await this.#running
  }

  close(): void {
    this.#closed = true
    this.#stopWaiting()
  }

  async #run(): Promise<void> {
    const { slice, gate, clock, onFatal } = this.#options
    try {
      while (this.#again) {
        this.#again = false
        let more = true
        while (more) {
          await this.#released()
          await new Promise<void>((resolve) => clock.afterPoll(resolve))
          if (this.#closed) return
          if (gate() === undefined) more = slice()
        }
      }
    } catch (error) {
      onFatal(error)
    } finally {
      // At once: a start that came between the last look and this would wake nobody.
      this.#running = undefined
    }
  }

  /** The thread that holds apply may have died: who is closed does not wait for it. */
  async #released(): Promise<void> {
    const held = this.#options.gate()
    if (held === undefined || this.#closed) return
    await new Promise<void>((resolve) => {
      this.#stopWaiting = resolve
      // An installation that failed is reported by who wanted it, and leaves no state to work on.
      held.then(resolve, () => this.close())
    })
  }
}
