/**
 * The disk under one member: it takes its time, may be slow or stuck, and may fail. What was begun
 * when the member died is there afterwards or not, as chance has it, and nothing behind what is not.
 */

import type { Chance } from './chance.js'
import type { Host } from './host.js'

interface Transaction {
  readonly work: () => void
  isOver: boolean
}

export class DiskDrive {
  /** Of an fsync, on average. */
  meanMs = 1
  /** How many times slower than that it is now. */
  slowness = 1
  /** The next transaction fails. It may have been carried out all the same (fsyncgate). */
  failsNext = false
  readonly #chance: Chance
  #inFlight: Transaction[] = []

  constructor(chance: Chance) {
    this.#chance = chance
  }

  /** Resolves when it is durable, in the process that asked for it. */
  transact(host: Host, work: () => void): Promise<void> {
    const transaction: Transaction = { work, isOver: false }
    this.#inFlight.push(transaction)
    const takesMs = 0.05 + this.#chance.exponential(this.meanMs * this.slowness)
    return new Promise((resolve, reject) => {
      host.world.after(takesMs, () => {
        if (transaction.isOver) return
        this.#inFlight = this.#inFlight.filter((other) => other !== transaction)
        const fails = this.failsNext
        this.failsNext = false
        if (!fails || this.#chance.happens(0.5)) work()
        host.receive(0, () => {
          if (fails) reject(new Error('EIO'))
          else resolve()
        })
      })
    })
  }

  /** The member died. What was under way is cut short. */
  crash(): void {
    const inFlight = this.#inFlight
    this.#inFlight = []
    for (const transaction of inFlight) transaction.isOver = true
    for (const { work } of inFlight) {
      if (!this.#chance.happens(0.5)) return
      work()
    }
  }
}
