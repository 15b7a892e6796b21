/**
 * The changes of one command. They share one new revision, which exists only if there are any, and
 * each has its place in it (etcd §8.2: main and sub revision).
 *
 * revision = base until the first change, base + 1 from it on; sub = number of changes before.
 */

import { invariant } from './invariant.js'
import { NO_LEASE, type KeyValue, type LeaseId } from './operation.js'
import type { StoreEvent } from './outcome.js'
import { UNBOUNDED, type ReadBudget } from './read-budget.js'
import type { LiveKey, StateStore } from './state-store.js'

const NO_BYTES = new Uint8Array(0)

export interface PutContent {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly lease: LeaseId
}

export class RevisionWriter {
  readonly store: StateStore
  /** Of what the command reads. */
  readonly budget: ReadBudget
  readonly #base: number
  readonly #events: StoreEvent[] = []

  constructor(store: StateStore, base: number, budget: ReadBudget = UNBOUNDED) {
    invariant(Number.isSafeInteger(base + 1), 'revisions are exhausted')
    this.store = store
    this.budget = budget
    this.#base = base
  }

  /** What a reader at this point of the command sees as the newest revision. */
  get revision(): number {
    return this.#events.length === 0 ? this.#base : this.#base + 1
  }

  get events(): readonly StoreEvent[] {
    return this.#events
  }

  /** Every put is a change, even one of the same value (etcd §8.3). */
  put({ key, value, lease }: PutContent, replaced: LiveKey | undefined): void {
    const revision = this.#base + 1
    const kv: KeyValue = {
      key,
      value,
      lease,
      createRevision: replaced?.createRevision ?? revision,
      modRevision: revision,
      version: (replaced?.version ?? 0) + 1,
    }
    this.store.keys.put(kv, this.#events.length, replaced)
    const previous = replaced && { revision: replaced.modRevision, sub: replaced.modSub }
    this.#events.push({ type: 'put', kv, previous })
  }

  delete(live: LiveKey): void {
    const revision = this.#base + 1
    this.store.keys.delete(live, { revision, sub: this.#events.length })
    this.#events.push({
      type: 'delete',
      kv: tombstone(live.key, revision),
      previous: { revision: live.modRevision, sub: live.modSub },
    })
  }
}

/** A delete is known by its key and revision alone (etcd §8.6). */
export function tombstone(key: Uint8Array, revision: number): KeyValue {
  return {
    key,
    value: NO_BYTES,
    createRevision: 0,
    modRevision: revision,
    version: 0,
    lease: NO_LEASE,
  }
}
