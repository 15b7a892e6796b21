/** No key outlives the lease that it hangs on (etcd §8.28; catalogue 72). */

import { changeOf } from '../changes.js'
import { check } from '../check.js'
import type { Ledger, LedgerEntry } from '../ledger.js'

export class LeasedKeys {
  readonly #ledger: Ledger
  /** The keys that live now, each with its lease. */
  readonly #leaseOf = new Map<string, string>()
  /** Leases that have ended since the last look. */
  readonly #ended = new Set<string>()
  #seen = 0

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    ledger.listen((entry) => this.#onCommitted(entry))
  }

  afterEvent(): void {
    if (this.#ended.size === 0) return
    this.#catchUp()
    for (const [key, lease] of this.#leaseOf) {
      check(!this.#ended.has(lease), `${key} has outlived its lease ${lease}`)
    }
    this.#ended.clear()
  }

  #onCommitted({ applied }: LedgerEntry): void {
    if (applied?.outcome.ok !== true) return
    const { command } = applied.proposal
    const { result } = applied.outcome
    if (result.type === 'leaseExpire' && result.void) return
    if (command.type !== 'leaseExpire' && command.type !== 'leaseRevoke') return
    this.#ended.add(command.id)
  }

  #catchUp(): void {
    const { changes } = this.#ledger
    for (const change of changes.slice(this.#seen)) {
      for (const event of changeOf(change).events) {
        if (event.type === 'delete') this.#leaseOf.delete(event.key)
        else if (event.kv.lease === undefined) this.#leaseOf.delete(event.kv.key)
        else this.#leaseOf.set(event.kv.key, event.kv.lease)
      }
    }
    this.#seen = changes.length
  }
}
