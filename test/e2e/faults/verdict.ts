/** All checkers, on everything that was recorded. */

import {
  checkLinearizability,
  checkLocks,
  checkRevisions,
  checkWatches,
  checkWellFormed,
  kvModel,
  type Change,
  type ContenderRecord,
  type GuardedWrite,
  type KvInput,
  type KvRecord,
  type WatchRecord,
} from '@holdfast/testkit'
import { guardedKey } from './guarded-key.js'
import type { HistoryRecord } from './recorder.js'

export interface Evidence {
  readonly records: readonly HistoryRecord[]
  readonly changes: readonly Change[]
}

export interface Complaint {
  readonly checker: string
  readonly message: string
}

export function judge({ records, changes }: Evidence): readonly Complaint[] {
  const kv = records.filter((record): record is KvRecord => record.kind === 'kv')
  const contenders = records.filter(
    (record): record is ContenderRecord => record.kind === 'contender',
  )
  const watches = records.filter((record): record is WatchRecord => record.kind === 'watch')
  const completeTo = changes.at(-1)?.revision ?? 0
  const complete = watches.map((watch) => ({ ...watch, completeTo }))
  // What the SDK writes for locks and queues is its own affair.
  const othersWrite = changes.some(({ events }) => events.some(isOfPrimitive))
  return [
    ...complaints('well-formed', checkWellFormed(kv)),
    ...complaints('linearizability', checkLinearizability(kv.filter(isOnPlainKeys), kvModel)),
    ...complaints('revision sweep', checkRevisions(kv, changes, { othersWrite })),
    ...complaints('locks', checkLocks(contenders, guardedWrites(contenders, changes))),
    ...complaints('watches', checkWatches(complete, changes)),
  ]
}

const PRIMITIVES = ['contended/', 'queue/']

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
