/**
 * etcd's store in as few lines as possible (etcd §8.1 to §8.23): what an operation answers and changes
 * at the present revision, and what the store is after a change. Too dumb to be wrong.
 */

import { keyOf, type Change, type ChangeEvent } from './change-log.js'
import type { Compare, DeleteInput, KeyInterval, KeyValue, KvInput } from './kv-operation.js'
import type { KvResponse, PutInput, RangeInput, TxnInput } from './kv-operation.js'
import { SortedKeys } from './sorted-keys.js'

export interface Evaluation {
  readonly response: KvResponse
  /** As the next revision, if there are any. */
  readonly events: readonly ChangeEvent[]
}

/** The keys that one operation has changed so far. */
type Draft = Map<string, KeyValue | undefined>

export class ReferenceStore {
  revision = 1
  readonly #entries = new Map<string, KeyValue>()
  readonly #keys = new SortedKeys()
  readonly #keysOfLease = new Map<string, Set<string>>()

  get(key: string): KeyValue | undefined {
    return this.#entries.get(key)
  }

  /** In their order. */
  keysOfLease(lease: string): readonly string[] {
    return [...(this.#keysOfLease.get(lease) ?? [])].sort()
  }

  /** Leaves the store as it is. */
  evaluate(input: KvInput): Evaluation {
    const events: ChangeEvent[] = []
    const response = this.#execute(input, new Map(), events)
    return { response, events }
  }

  /** Takes over a change as it is, right or wrong. */
  apply({ revision, events }: Change): void {
    this.revision = revision
    for (const event of events) {
      this.#remove(keyOf(event))
      if (event.type === 'put') this.#insert(event.kv)
    }
  }

  #remove(key: string): void {
    const old = this.#entries.get(key)
    if (old === undefined) return
    this.#entries.delete(key)
    this.#keys.delete(key)
    if (old.lease !== undefined) this.#keysOfLease.get(old.lease)?.delete(key)
  }

  #insert(kv: KeyValue): void {
    this.#entries.set(kv.key, kv)
    this.#keys.add(kv.key)
    if (kv.lease === undefined || kv.lease === '0') return
    const attached = this.#keysOfLease.get(kv.lease)
    if (attached === undefined) this.#keysOfLease.set(kv.lease, new Set([kv.key]))
    else attached.add(kv.key)
  }

  #execute(input: KvInput, draft: Draft, events: ChangeEvent[]): KvResponse {
    switch (input.type) {
      case 'range':
        return this.#range(input, draft)
      case 'put':
        return this.#put(input, draft, events)
      case 'deleteRange':
        return this.#delete(input, draft, events)
      case 'txn':
        return this.#transact(input, draft, events)
    }
  }

  #range(input: RangeInput, draft: Draft): KvResponse {
    const found = this.#within(input, draft)
    const limit = input.limit ?? 0
    const shown = input.countOnly === true ? [] : limit > 0 ? found.slice(0, limit) : found
    const kvs = input.keysOnly === true ? shown.map((kv) => ({ ...kv, value: '' })) : shown
    return { type: 'range', kvs, count: found.length }
  }

  #put(input: PutInput, draft: Draft, events: ChangeEvent[]): KvResponse {
    const { key, value, lease } = input
    const prevKv = this.#present(key, draft)
    const modRevision = this.revision + 1
    const kv: KeyValue = {
      key,
      value,
      createRevision: prevKv?.createRevision ?? modRevision,
      modRevision,
      version: (prevKv?.version ?? 0) + 1,
      ...(lease === undefined || lease === '0' ? {} : { lease }),
    }
    draft.set(key, kv)
    events.push({ type: 'put', kv })
    return { type: 'put', ...(input.prevKv === true && prevKv !== undefined ? { prevKv } : {}) }
  }

  #delete(input: DeleteInput, draft: Draft, events: ChangeEvent[]): KvResponse {
    const prevKvs = this.#within(input, draft)
    for (const { key } of prevKvs) {
      draft.set(key, undefined)
      events.push({ type: 'delete', key, modRevision: this.revision + 1 })
    }
    const deleted = prevKvs.length
    return { type: 'deleteRange', deleted, ...(input.prevKv === true ? { prevKvs } : {}) }
  }

  /** Comparisons see the state before the whole operation, nested ones too (etcd §8.20). */
  #transact(input: TxnInput, draft: Draft, events: ChangeEvent[]): KvResponse {
    const succeeded = input.compares.every((compare) => isTrue(compare, this.get(compare.key)))
    const branch = succeeded ? input.success : input.failure
    const responses = branch.map((operation) => this.#execute(operation, draft, events))
    return { type: 'txn', succeeded, responses }
  }

  #present(key: string, draft: Draft): KeyValue | undefined {
    return draft.has(key) ? draft.get(key) : this.#entries.get(key)
  }

  #within(interval: KeyInterval, draft: Draft): readonly KeyValue[] {
    const keys = new SortedKeys()
    for (const key of draft.keys()) keys.add(key)
    const drafted = keys.within(interval)
    const stored = this.#keys.within(interval)
    const all = drafted.length === 0 ? stored : [...new Set([...stored, ...drafted])].sort()
    return all.flatMap((key) => this.#present(key, draft) ?? [])
  }
}

/** etcd §8.21. */
function isTrue({ target, result, operand }: Compare, kv: KeyValue | undefined): boolean {
  if (target === 'value' && kv === undefined) return false
  const actual = {
    value: kv?.value ?? '',
    version: kv?.version ?? 0,
    create: kv?.createRevision ?? 0,
    mod: kv?.modRevision ?? 0,
  }[target]
  switch (result) {
    case 'equal':
      return actual === operand
    case 'notEqual':
      return actual !== operand
    case 'greater':
      return actual > operand
    case 'less':
      return actual < operand
  }
}
