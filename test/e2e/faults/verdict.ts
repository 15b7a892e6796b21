/** All checkers, on everything that was recorded. */

import {
  checkLeases,
  checkLinearizability,
  checkLocks,
  checkQueue,
  checkRevisions,
  checkWatches,
  checkWellFormed,
  kvModel,
  type Change,
  type ContenderRecord,
  type GuardedWrite,
  type KvInput,
  type KvRecord,
  type QueueHistory,
} from '@holdfast/testkit'
import { guardedKey } from './guarded-key.js'
import type { HistoryRecord } from './recorder.js'
import { QUEUE } from './workloads/queues.js'

export interface Evidence {
  readonly records: readonly HistoryRecord[]
  readonly changes: readonly Change[]
  /** When the last fault was over. */
  readonly healedMs: number
}

export interface Complaint {
  readonly checker: string
  readonly message: string
}

/** Members look for expired leases, and elect who looks, within this time; machines are busy. */
const LEASE_BOUND_MS = 10_000

export function judge({ records, changes, healedMs }: Evidence): readonly Complaint[] {
  const kv = ofKinds(records, ['kv'])
  const contenders = ofKinds(records, ['contender'])
  const completeTo = changes.at(-1)?.revision ?? 0
  const watches = ofKinds(records, ['watch']).map((watch) => ({ ...watch, completeTo }))
  const leases = ofKinds(records, LEASE_KINDS)
  // What the SDK writes for locks and queues is its own affair.
  const othersWrite = changes.some(({ events }) => events.some(isOfPrimitive))
  const queue = {
    pushes: ofKinds(records, ['push']),
    deliveries: ofKinds(records, ['delivery']),
    ...leftIn(changes),
  }
  return [
    ...complaints('well-formed', checkWellFormed(kv)),
    ...complaints('linearizability', checkLinearizability(kv.filter(isOnPlainKeys), kvModel)),
    ...complaints('revision sweep', checkRevisions(kv, changes, { othersWrite })),
    ...complaints('locks', checkLocks(contenders, guardedWrites(contenders, changes))),
    ...complaints('queues', checkQueue(queue)),
    ...complaints('leases', checkLeases(leases, { boundMs: LEASE_BOUND_MS, healedMs })),
    ...complaints('watches', checkWatches(watches, changes)),
  ]
}

const LEASE_KINDS = ['leaseGrant', 'leaseKeepAlive', 'leaseRevoke', 'leaseSighting'] as const

function ofKinds<Kind extends HistoryRecord['kind']>(
  records: readonly HistoryRecord[],
  kinds: readonly Kind[],
): readonly Extract<HistoryRecord, { readonly kind: Kind }>[] {
  const isWanted = (
    record: HistoryRecord,
  ): record is Extract<HistoryRecord, { readonly kind: Kind }> =>
    (kinds as readonly string[]).includes(record.kind)
  return records.filter(isWanted)
}

/** The items that the changes have left in the queue, by what they hold. */
function leftIn(changes: readonly Change[]): Pick<QueueHistory, 'remaining' | 'dead'> {
  const values = new Map<string, string>()
  for (const event of changes.flatMap(({ events }) => events)) {
    if (event.type === 'put') values.set(event.kv.key, event.kv.value)
    else values.delete(event.key)
  }
  const below = (part: string): readonly (readonly [string, string])[] => {
    const prefix = `${QUEUE}/${part}/`
    return [...values].flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    )
  }
  const places = [...below('item'), ...below('delayed')].map(([place]) => place)
  // A body that has no place any more will never be delivered: it is lost, although it is there.
  const waiting = below('body').filter(([id]) => places.some((place) => place.endsWith(`-${id}`)))
  const contentOf = ([, body]: readonly [string, string]): string =>
    (JSON.parse(body) as { readonly value: string }).value
  return { remaining: waiting.map(contentOf), dead: below('dead').map(contentOf) }
}

const PRIMITIVES = ['contended/', `${QUEUE}/`]

function isOfPrimitive(event: Change['events'][number]): boolean {
  const key = event.type === 'put' ? event.kv.key : event.key
  return PRIMITIVES.some((prefix) => key.startsWith(prefix))
}

/** Keys that no lease deletes, and that nobody but the recorded writes. */
function isOnPlainKeys({ input }: KvRecord): boolean {
  const keys = input.type === 'txn' ? input.compares.map(({ key }) => key) : [keyOf(input)]
  return keys.every((key) => /^(register|bank)\//.test(key))
}

const keyOf = (input: Exclude<KvInput, { readonly type: 'txn' }>): string => input.key

/** As the resource has accepted them. */
function guardedWrites(
  contenders: readonly ContenderRecord[],
  changes: readonly Change[],
): readonly GuardedWrite[] {
  const names = [...new Set(contenders.map(({ name }) => name))]
  return changes.flatMap(({ events }) =>
    events.flatMap((event): readonly GuardedWrite[] => {
      if (event.type !== 'put') return []
      const name = names.find((one) => guardedKey(one) === event.kv.key)
      if (name === undefined) return []
      return [{ kind: 'guardedWrite', name, token: Number(event.kv.value) }]
    }),
  )
}

function complaints(
  checker: string,
  violations: readonly { readonly kind: string; readonly message: string }[],
): readonly Complaint[] {
  return violations.map(({ kind, message }) => ({ checker, message: `${kind}: ${message}` }))
}
