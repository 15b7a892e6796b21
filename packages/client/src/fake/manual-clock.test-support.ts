/** A clock that stands still until a test moves it. */

import { nanoid } from 'nanoid'
import type { Clock, Moment } from '../time/clock.js'

interface Timer {
  readonly dueMs: number
  readonly action: () => void
}

/** Lets everything run that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export class ManualClock implements Clock {
  #monotonicMs = 1_000
  #wallMs = 1_700_000_000_000
  readonly #timers = new Set<Timer>()
  /** What `random` gives. */
  chance = 0.5

  now(): Moment {
    return { monotonicMs: this.#monotonicMs, wallMs: this.#wallMs }
  }

  random(): number {
    return this.chance
  }

  uniqueId(length?: number): string {
    return nanoid(length)
  }

  schedule(delayMs: number, action: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + delayMs, action }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets time pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonicMs + ms
    await settle()
    for (let next = this.#next(); next !== undefined && next.dueMs <= end; next = this.#next()) {
      this.#pass(Math.max(0, next.dueMs - this.#monotonicMs))
      this.#timers.delete(next)
      next.action()
      await settle()
    }
    this.#pass(end - this.#monotonicMs)
    await settle()
  }

  /** The event loop stands still: time passes and no timer fires. */
  stall(ms: number): void {
    this.#pass(ms)
  }

  /** The machine sleeps: only the wall clock goes on. */
  suspend(ms: number): void {
    this.#wallMs += ms
  }

  #pass(ms: number): void {
    this.#monotonicMs += ms
    this.#wallMs += ms
  }

  #next(): Timer | undefined {
    let next: Timer | undefined
    for (const timer of this.#timers)
      if (next === undefined || timer.dueMs < next.dueMs) next = timer
    return next
  }
}
