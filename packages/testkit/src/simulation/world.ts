/**
 * The simulated world: one true time, one queue of events, one hash of all that happened. When
 * nothing is due, time jumps to what is next.
 *
 * The code under test is the real one and so uses promises; after each event all of those that wait
 * for no host are let settle, so that an event is over before the next begins.
 */

import { createHash } from 'node:crypto'
import type { Cancel } from '@holdfast/coordinator/parts'
import type { Chance } from './chance.js'
import { EventQueue } from './event-queue.js'

export class World {
  readonly chance: Chance
  /** Looks at the world after each event. */
  afterEvent: () => void = () => undefined
  readonly #queue = new EventQueue()
  readonly #trace = createHash('sha256')
  #nowMs = 0
  #eventCount = 0
  #failure: { readonly error: unknown } | undefined

  constructor(chance: Chance) {
    this.chance = chance
  }

  /** True time, in milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs
  }

  get eventCount(): number {
    return this.#eventCount
  }

  after(delayMs: number, action: () => void): Cancel {
    const event = this.#queue.push(this.#nowMs + Math.max(0, delayMs), action)
    return () => {
      event.action = undefined
    }
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve))
  }

  /** What happened, for the hash that tells whether two runs were the same. */
  record(what: string | Uint8Array): void {
    this.#trace.update(what)
  }

  /** Of everything so far. */
  traceHash(): string {
    return this.#trace.copy().digest('hex').slice(0, 16)
  }

  /** Ends the run: something that must never happen has happened. */
  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  /**
   * Lets things happen until the condition holds, or the time is over.
   * @returns whether it holds
   * @throws what the run was failed with
   */
  async run(untilMs: number, condition: () => boolean = () => false): Promise<boolean> {
    await this.settle()
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error
      if (condition()) return true
      const event = this.#queue.pop(untilMs)
      if (event === undefined) {
        this.#nowMs = untilMs
        return false
      }
      this.#nowMs = event.atMs
      this.#eventCount += 1
      event.action?.()
      await this.settle()
      this.afterEvent()
    }
  }

  /** One turn of the host's event loop: promises that settle each other are through by then. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }
}
