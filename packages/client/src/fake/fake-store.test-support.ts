/** The least of etcd's store that the SDK needs: revisions, transactions, leases, history. */

import {
  compareBytes,
  equalBytes,
  isOpenEnd,
  type Compare,
  type Event,
  type KeyValue,
  type RangeRequest,
  type RequestOp,
  type ResponseOpInput,
  type TxnRequest,
  type TxnResponseInput,
} from '@holdfast/protocol'

type Interval = Pick<RangeRequest, 'key' | 'rangeEnd'>

const text = (key: Uint8Array): string => Buffer.from(key).toString('latin1')

export class FakeStore {
  revision = 1
  compactRevision = -1
  readonly history: { readonly revision: number; readonly events: Event[] }[] = []
  readonly leases = new Set<string>()
  /** As granted, in seconds, of every lease that ever was. */
  readonly ttls = new Map<string, number>()
  readonly #keys = new Map<string, KeyValue>()
  #nextLease = 1000n

  grant(ttlSeconds: number, id = String(this.#nextLease++)): string {
    this.leases.add(id)
    this.ttls.set(id, ttlSeconds)
    return id
  }

  revoke(id: string): void {
    if (!this.leases.delete(id)) return
    this.#write((events) => {
      for (const kv of this.#leased(id)) this.#delete(kv, events)
    })
  }

  leasedKeys(id: string): Uint8Array[] {
    return this.#leased(id).map(({ key }) => key)
  }

  keys(): string[] {
    return this.#all().map(({ key }) => Buffer.from(key).toString())
  }

  txn(request: TxnRequest): TxnResponseInput {
    let response: TxnResponseInput = {}
    this.#write((events) => {
      response = this.#txn(request, events, new Map(this.#keys))
    })
    return { ...response, header: { revision: this.revision } }
  }

  range(request: RangeRequest): { kvs: KeyValue[]; count: number; more: boolean } {
    const all = this.#select(request)
    const { maxCreateRevision, sortTarget, sortOrder, limit, keysOnly, countOnly } = request
    if (countOnly) return { kvs: [], count: all.length, more: false }
    let kvs = all.filter((kv) => maxCreateRevision === 0 || kv.createRevision <= maxCreateRevision)
    if (sortTarget === 'CREATE') {
      kvs.sort((left, right) => left.createRevision - right.createRevision)
    }
    if (sortOrder === 'DESCEND') kvs.reverse()
    const more = limit > 0 && kvs.length > limit
    if (more) kvs = kvs.slice(0, limit)
    if (keysOnly) kvs = kvs.map((kv) => ({ ...kv, value: new Uint8Array(0) }))
    return { kvs, count: all.length, more }
  }

  /** Everything from a revision on in an interval. */
  events(interval: Interval, from: number): { revision: number; events: Event[] }[] {
    return this.history
      .filter(({ revision }) => revision >= from)
      .map(({ revision, events }) => ({
        revision,
        events: events.filter(({ kv }) => kv !== undefined && contains(interval, kv.key)),
      }))
      .filter(({ events }) => events.length > 0)
  }

  #write(change: (events: Event[]) => void): void {
    const events: Event[] = []
    this.revision++
    change(events)
    if (events.length === 0) this.revision--
    else this.history.push({ revision: this.revision, events })
  }

  #txn(request: TxnRequest, events: Event[], before: Map<string, KeyValue>): TxnResponseInput {
    const succeeded = request.compare.every((one) => holds(one, [...before.values()]))
    const ops = succeeded ? request.success : request.failure
    return { succeeded, responses: ops.map((op) => this.#execute(op, events, before)) }
  }

  #execute(op: RequestOp, events: Event[], before: Map<string, KeyValue>): ResponseOpInput {
    if (op.requestPut !== undefined) {
      const { key, value, ignoreLease } = op.requestPut
      const old = this.#keys.get(text(key))
      const lease = ignoreLease ? (old?.lease ?? '0') : op.requestPut.lease
      const { createRevision = this.revision, version = 0 } = old ?? {}
      const kv = {
        key,
        value,
        lease,
        createRevision,
        modRevision: this.revision,
        version: version + 1,
      }
      this.#keys.set(text(key), kv)
      events.push({ type: 'PUT', kv, prevKv: old })
      return { responsePut: {} }
    }
    if (op.requestDeleteRange !== undefined) {
      const doomed = this.#select(op.requestDeleteRange)
      for (const kv of doomed) this.#delete(kv, events)
      return { responseDeleteRange: { deleted: doomed.length } }
    }
    if (op.requestTxn !== undefined) {
      return { responseTxn: this.#txn(op.requestTxn, events, before) }
    }
    return { responseRange: this.range(op.requestRange!) }
  }

  #delete(kv: KeyValue, events: Event[]): void {
    this.#keys.delete(text(kv.key))
    const gone = { ...kv, value: new Uint8Array(0), createRevision: 0, version: 0, lease: '0' }
    events.push({ type: 'DELETE', kv: { ...gone, modRevision: this.revision }, prevKv: kv })
  }

  #leased(id: string): KeyValue[] {
    return this.#all().filter(({ lease }) => lease === id)
  }

  #all(): KeyValue[] {
    return [...this.#keys.values()].sort((left, right) => compareBytes(left.key, right.key))
  }

  #select(interval: Interval): KeyValue[] {
    return this.#all().filter(({ key }) => contains(interval, key))
  }
}

function contains({ key, rangeEnd }: Interval, candidate: Uint8Array): boolean {
  if (rangeEnd.length === 0) return equalBytes(candidate, key)
  if (compareBytes(candidate, key) < 0) return false
  return isOpenEnd(rangeEnd) || compareBytes(candidate, rangeEnd) < 0
}

function holds(compare: Compare, before: readonly KeyValue[]): boolean {
  const selected = before.filter(({ key }) => contains(compare, key))
  if (selected.length === 0) {
    return compare.target !== 'VALUE' && verdict(compare, 0 - operandOf(compare))
  }
  return selected.every((kv) =>
    compare.target === 'VALUE'
      ? verdict(compare, compareBytes(kv.value, compare.value))
      : verdict(compare, actual(compare, kv) - operandOf(compare)),
  )
}

function verdict({ result }: Compare, difference: number): boolean {
  if (result === 'EQUAL') return difference === 0
  if (result === 'NOT_EQUAL') return difference !== 0
  return result === 'GREATER' ? difference > 0 : difference < 0
}

function operandOf({ target, version, createRevision, modRevision }: Compare): number {
  return { VERSION: version, CREATE: createRevision, MOD: modRevision, VALUE: 0, LEASE: 0 }[target]
}

function actual({ target }: Compare, kv: KeyValue): number {
  const { version, createRevision, modRevision } = kv
  return { VERSION: version, CREATE: createRevision, MOD: modRevision, VALUE: 0, LEASE: 0 }[target]
}
