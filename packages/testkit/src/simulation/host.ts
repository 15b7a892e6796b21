/**
 * One process on one machine: its clock, which may run fast or slow, and the moments in which it may
 * run at all. It may stand still (SIGSTOP, a suspended machine, a blocked event loop) and go on, or
 * end in the middle of anything; what it has asked for then never happens.
 */

import type { Cancel, Clock } from '@holdfast/coordinator/parts'
import type { Chance } from './chance.js'
import type { World } from './world.js'

export interface HostClock {
  /** Its seconds in a true one. */
  readonly rate: number
  readonly offsetMs: number
}

/** In the order in which Node runs what has become due while it stood still. */
const PHASES = ['timer', 'input', 'afterPoll'] as const
type Phase = (typeof PHASES)[number]

/** A turn of the event loop, on average; what arrives within it is one batch. */
const TURN_MS = 0.3

/** More than numbers of this size lose when they are added up, and less than any timer. */
const CLOCK_PRECISION_MS = 0.001

/** As the SDK's transport has it. */
const TCP_KEEPALIVE_MS = 10_000

export class Host {
  readonly name: string
  readonly world: World
  readonly clock: Clock
  readonly #drift: HostClock
  readonly #chance: Chance
  readonly #held: Record<Phase, (() => void)[]> = { timer: [], input: [], afterPoll: [] }
  readonly #endListeners = new Set<() => void>()
  #isAlive = true
  #isPaused = false
  /** Since when its machine sleeps. */
  #asleepSinceMs: number | undefined
  /** By how much its clock is behind, because it stood still when its machine slept. */
  #sleptMs = 0

  constructor(world: World, name: string, drift: HostClock = { rate: 1, offsetMs: 0 }) {
    this.world = world
    this.name = name
    this.#drift = drift
    this.#chance = world.chance.stream('host', name)
    this.clock = {
      nowMs: () => this.nowMs,
      after: (delayMs, action) => this.#after(delayMs, action),
      every: (periodMs, action) => this.#every(periodMs, action),
      afterPoll: (action) => this.#at('afterPoll', this.#chance.exponential(TURN_MS), action),
    }
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Whether its clock has ever stood still. */
  get hasSlept(): boolean {
    return this.#sleptMs > 0
  }

  /** By its own clock, which does not count the time in which the machine sleeps. */
  get nowMs(): number {
    const asleepMs = this.world.nowMs - (this.#asleepSinceMs ?? this.world.nowMs)
    return this.wallMs - (this.#sleptMs + asleepMs) * this.#drift.rate
  }

  /** By its calendar, which does. */
  get wallMs(): number {
    const { rate, offsetMs } = this.#drift
    return offsetMs + this.world.nowMs * rate
  }

  /** Something arrives from outside. It is lost if the process has ended by then. */
  receive(delayMs: number, action: () => void): Cancel {
    return this.#at('input', delayMs, action)
  }

  /** Called when the process ends, if its machine lives on and closes its connections. */
  onEnd(listener: () => void): void {
    this.#endListeners.add(listener)
  }

  forgetEnd(listener: () => void): void {
    this.#endListeners.delete(listener)
  }

  /**
   * @param kind of a machine without power nobody hears anything, not even that, until a probe of TCP
   * finds that it is not there, or has forgotten the connection
   */
  kill(kind: 'process' | 'power' = 'process'): void {
    this.#isAlive = false
    const tell = (): void => {
      for (const listener of [...this.#endListeners]) listener()
    }
    if (kind === 'process') tell()
    else this.world.after(TCP_KEEPALIVE_MS, tell)
  }

  pause(): void {
    this.#isPaused = true
  }

  /** Its machine is put to sleep: it stands still, and so does its clock. */
  sleep(): void {
    this.pause()
    this.#asleepSinceMs ??= this.world.nowMs
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#sleptMs += this.world.nowMs - (this.#asleepSinceMs ?? this.world.nowMs)
    this.#asleepSinceMs = undefined
    for (const phase of PHASES) {
      for (const action of this.#held[phase].splice(0)) this.#at(phase, 0, action)
    }
  }

  #after(delayMs: number, action: () => void): Cancel {
    const dueMs = this.nowMs + delayMs
    let cancel: Cancel
    // What became due while the machine slept is not due yet by its clock.
    const fire = (): void => {
      const leftMs = dueMs - this.nowMs
      if (leftMs > CLOCK_PRECISION_MS) cancel = this.#at('timer', this.#trueMs(leftMs), fire)
      else action()
    }
    cancel = this.#at('timer', this.#trueMs(delayMs), fire)
    return () => cancel()
  }

  #every(periodMs: number, action: () => void): Cancel {
    let cancel: Cancel
    const arm = (): void => {
      cancel = this.clock.after(periodMs, () => {
        arm()
        action()
      })
    }
    arm()
    return () => cancel()
  }

  #at(phase: Phase, trueDelayMs: number, action: () => void): Cancel {
    let isCancelled = false
    const run = (): void => {
      if (!this.#isAlive || isCancelled) return
      if (this.#isPaused) this.#held[phase].push(run)
      else action()
    }
    const cancel = this.world.after(trueDelayMs, run)
    return () => {
      isCancelled = true
      cancel()
    }
  }

  #trueMs(ownMs: number): number {
    return ownMs / this.#drift.rate
  }
}
