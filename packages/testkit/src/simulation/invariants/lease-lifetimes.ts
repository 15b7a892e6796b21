/**
 * A lease lives, in true time, at least its TTL from the moment at which its last confirmed renewal
 * was asked for, whoever led in between; and not much longer than that once all is well (etcd #15247,
 * #17425; catalogue 71–73). A leader's clock may be fast; by how much, the run says.
 */

import { check } from '../check.js'
import type { Ledger, LedgerEntry } from '../ledger.js'

const NEWEST = 15

interface Lifetime {
  readonly ttlMs: number
  /** When its last renewal that was confirmed was asked for. */
  renewedMs: number
}

interface End {
  readonly atMs: number
  readonly isExpiry: boolean
}

export class LeaseLifetimes {
  /** Seconds of the fastest clock in a true one. */
  fastestRate = 1
  readonly #nowMs: () => number
  readonly #known = new Map<string, Lifetime>()
  readonly #ended = new Map<string, End>()
  #expiries = 0

  constructor(ledger: Ledger, nowMs: () => number) {
    this.#nowMs = nowMs
    ledger.listen((entry) => this.#onCommitted(entry))
  }

  /** Leases that were let expire. */
  get expiries(): number {
    return this.#expiries
  }

  /**
   * A renewal, or the grant, which was asked for at `sentMs`, is confirmed. The answer may have been on
   * its way while the lease expired.
   */
  confirmed(id: string, ttlSeconds: number, sentMs: number): void {
    const known = this.#known.get(id)
    const lifetime = {
      ttlMs: ttlSeconds * 1000,
      renewedMs: Math.max(known?.renewedMs ?? 0, sentMs),
    }
    this.#known.set(id, lifetime)
    this.#checkEnd(id, lifetime)
  }

  /** The newest, whoever granted them; some have ended. */
  get newest(): readonly string[] {
    return [...this.#known.keys()].slice(-NEWEST)
  }

  /** Those that were granted, and are neither revoked nor expired. */
  get unended(): readonly string[] {
    return [...this.#known.keys()].filter((id) => !this.#ended.has(id))
  }

  #onCommitted({ term, applied }: LedgerEntry): void {
    if (applied?.outcome.ok !== true) return
    const { command } = applied.proposal
    const { result } = applied.outcome
    const isExpiry = result.type === 'leaseExpire' && !result.void
    if (command.type !== 'leaseExpire' && command.type !== 'leaseRevoke') return
    if (command.type === 'leaseExpire' && !isExpiry) return
    check(
      command.type === 'leaseRevoke' || command.term === term,
      `lease ${command.id} ended in term ${term} by an expiry of another`,
    )
    this.#ended.set(command.id, { atMs: this.#nowMs(), isExpiry })
    if (isExpiry) this.#expiries += 1
    const lifetime = this.#known.get(command.id)
    if (lifetime !== undefined) this.#checkEnd(command.id, lifetime)
  }

  #checkEnd(id: string, { ttlMs, renewedMs }: Lifetime): void {
    const end = this.#ended.get(id)
    if (end === undefined) return
    check(renewedMs <= end.atMs, `lease ${id} was renewed after its end`)
    if (!end.isExpiry) return
    const livedMs = end.atMs - renewedMs
    check(
      livedMs >= ttlMs / this.fastestRate - 1,
      `lease ${id} of ${ttlMs} ms ended ${Math.round(livedMs)} ms after a renewal was asked for`,
    )
  }
}
