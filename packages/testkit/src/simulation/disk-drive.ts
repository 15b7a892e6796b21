/**
 * The disk under one member: it takes its time, may be slow or stuck, and may fail. What was begun
 * when the member died is there afterwards or not, as chance has it, and nothing behind what is not.
 */

import type { Chance } from './chance.js'
import type { Host } from './host.js'

/** What is written: the log an entry at a time, or the whole state. */
type Written = 'log' | 'state'

interface Transaction {
  readonly written: Written
  readonly host: Host
  readonly work: () => void
  readonly finish: () => void
}

export class DiskDrive {
  /** Of an fsync, on average. */
  meanMs = 1
  /** How many times slower than that it is now. */
  slowness = 1
  /** How many times longer than a write of the log one of the state takes: it writes many pages. */
  stateSlowness = 1
  /** The next transaction fails. It may have been carried out all the same (fsyncgate). */
  failsNext = false
  readonly #chance: Chance
  readonly #inFlight = new Set<Transaction>()

  constructor(chance: Chance) {
    this.#chance = chance
  }

  /** Resolves when it is durable, in the process that asked for it. */
  transact(host: Host, written: Written, work: () => void): Promise<void> {
    // A process that has ended writes nothing, whatever of it still runs here.
    if (!host.isAlive) return new Promise(() => undefined)
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        if (!this.#inFlight.delete(transaction)) return
        const fails = this.failsNext
        this.failsNext = false
        if (!fails || this.#chance.happens(0.5)) work()
        host.receive(0, () => {
          if (fails) reject(new Error('EIO'))
          else resolve()
        })
      }
      const transaction: Transaction = { written, host, work, finish }
      this.#inFlight.add(transaction)
      host.world.after(this.#takesMs(written), finish)
    })
  }

  /** It is as quick as before, also with what is under way. */
  mend(): void {
    this.slowness = 1
    this.stateSlowness = 1
    this.failsNext = false
    for (const { host, written, finish } of this.#inFlight) {
      host.world.after(this.#takesMs(written), finish)
    }
  }

  /** The member died. What was under way is cut short. */
  crash(): void {
    const inFlight = [...this.#inFlight]
    this.#inFlight.clear()
    for (const { work } of inFlight) {
      if (!this.#chance.happens(0.5)) return
      work()
    }
  }

  #takesMs(written: Written): number {
    const slowness = this.slowness * (written === 'state' ? this.stateSlowness : 1)
    return 0.05 + this.#chance.exponential(this.meanMs * slowness)
  }
}
