/**
 * A store of keys as its clients see it, for the linearizability checker: values, versions, create
 * and mod revisions, and the revisions of the headers. Nothing is taken from a log.
 *
 * A write whose answer was lost has a revision that nobody was told. The model keeps bounds for it,
 * from the operations before and after, until somebody reads it; from then on it is that number.
 * What such a revision is compared with may come out either way, which is why a step can leave
 * several states.
 *
 * Keys that a lease can delete are not for this model: no operation of the history deletes them. Nor
 * are reads that may be old, by their revision or because they are serializable. The revision sweep
 * judges both.
 */

import { bounds, mayBe, narrowed, type Bounds } from './bounds.js'
import { hasChanged, isInInterval, isRead, isSerializable, type Compare } from './kv-operation.js'
import type { DeleteInput, KeyInterval, KeyValue, KvInput } from './kv-operation.js'
import type { KvOutput, KvResponse, PutInput, RangeInput } from './kv-operation.js'
import type { DeleteResponse, PutResponse, RangeResponse, TxnResponse } from './kv-operation.js'
import type { TxnInput } from './kv-operation.js'
import { partitionByKeys } from './kv-partition.js'
import type { Model } from './model.js'

interface Entry {
  readonly value: string
  readonly version: number
  readonly create: Bounds
  readonly mod: Bounds
}

export interface KvState {
  /** The store's revision is not below. */
  readonly revision: number
  /** In the order of the keys. */
  readonly entries: ReadonlyMap<string, Entry>
}

/** The state while one operation is executed. */
interface Draft {
  readonly entries: Map<string, Entry>
  readonly before: ReadonlyMap<string, Entry>
  /** What a change of this operation has as its revision. */
  readonly revision: Bounds
}

export const kvModel: Model<KvState, KvInput, KvOutput> = {
  init: { revision: 1, entries: new Map() },
  step,
  keyOf: ({ revision, entries }) => JSON.stringify([revision, ...entries]),
  isRead,
  // The store's revision never falls, and a change comes before everything else at its revision.
  rankOf: (_, { revision, response }) => 2 * revision - Number(hasChanged(response)),
  partition: (records) => partitionByKeys(records.filter(({ input }) => isJudged(input))),
}

function isJudged(input: KvInput): boolean {
  if (input.type === 'range' && (input.revision ?? 0) > 0) return false
  return !isSerializable(input)
}

function step(state: KvState, input: KvInput, output: KvOutput | undefined): readonly KvState[] {
  if (output === undefined) return stepUnknown(state, input)
  const changes = hasChanged(output.response)
  if (output.revision < state.revision + Number(changes)) return []
  // Whatever was written before had its revision before this one.
  const newest = changes ? output.revision - 1 : output.revision
  const capped = [...state.entries].map(([key, entry]) => [key, capAt(entry, newest)] as const)
  const draft = draftOf(new Map(capped), bounds(output.revision))
  if (!execute(draft, input, output.response)) return []
  return [{ revision: output.revision, entries: draft.entries }]
}

/** One state for each way in which the comparisons may have come out. */
function stepUnknown({ revision, entries }: KvState, input: KvInput): readonly KvState[] {
  return possibleWrites(entries, input).map((writes) => {
    const draft = draftOf(entries, { from: revision + 1, to: Infinity })
    let changes = false
    for (const operation of writes) {
      if (operation.type === 'put') putEntry(draft, operation)
      if (operation.type === 'put' || deleteEntries(draft, operation) > 0) changes = true
    }
    return { revision: revision + Number(changes), entries: draft.entries }
  })
}

type Writes = readonly (PutInput | DeleteInput)[]

function possibleWrites(entries: ReadonlyMap<string, Entry>, input: KvInput): readonly Writes[] {
  if (input.type === 'range') return [[]]
  if (input.type !== 'txn') return [[input]]
  const results = input.compares.map((compare) => outcomesOf(entries.get(compare.key), compare))
  const maySucceed = results.every((possible) => possible.has(true))
  const mayFail = results.some((possible) => possible.has(false))
  const branches = [...(maySucceed ? [input.success] : []), ...(mayFail ? [input.failure] : [])]
  return branches.flatMap((branch) => {
    const choices = branch.map((operation) => possibleWrites(entries, operation))
    return choices.reduce<readonly Writes[]>(
      (sofar, next) => sofar.flatMap((writes) => next.map((more) => [...writes, ...more])),
      [[]],
    )
  })
}

function draftOf(before: ReadonlyMap<string, Entry>, revision: Bounds): Draft {
  return { entries: new Map(before), before, revision }
}

function capAt(entry: Entry, newest: number): Entry {
  if (entry.mod.to <= newest) return entry
  const create = { ...entry.create, to: Math.min(entry.create.to, newest) }
  return { ...entry, create, mod: { ...entry.mod, to: newest } }
}

/** Executes what was answered; false if this cannot have been the answer. */
function execute(draft: Draft, input: KvInput, response: KvResponse): boolean {
  switch (input.type) {
    case 'range':
      return response.type === 'range' && read(draft, input, response)
    case 'put':
      return response.type === 'put' && put(draft, input, response)
    case 'deleteRange':
      return response.type === 'deleteRange' && remove(draft, input, response)
    case 'txn':
      return response.type === 'txn' && transact(draft, input, response)
  }
}

function read(draft: Draft, input: RangeInput, { kvs, count }: RangeResponse): boolean {
  const keys = keysIn(draft, input)
  const limit = input.limit ?? 0
  const shown = input.countOnly === true ? [] : limit > 0 ? keys.slice(0, limit) : keys
  return (
    count === keys.length &&
    kvs.length === shown.length &&
    shown.every((key, index) => {
      const kv = kvs[index]
      return kv?.key === key && observe(draft, kv, input.keysOnly === true)
    })
  )
}

function put(draft: Draft, input: PutInput, { prevKv }: PutResponse): boolean {
  if (input.prevKv === true) {
    const isAsBefore =
      prevKv === undefined
        ? !draft.entries.has(input.key)
        : prevKv.key === input.key && observe(draft, prevKv, false)
    if (!isAsBefore) return false
  }
  putEntry(draft, input)
  return true
}

function remove(draft: Draft, input: DeleteInput, response: DeleteResponse): boolean {
  const keys = keysIn(draft, input)
  if (input.prevKv === true) {
    const prevKvs = response.prevKvs ?? []
    const areAsBefore = prevKvs.every(
      (kv, index) => kv.key === keys[index] && observe(draft, kv, false),
    )
    if (prevKvs.length !== keys.length || !areAsBefore) return false
  }
  return deleteEntries(draft, input) === response.deleted
}

/** Comparisons see the state before the whole transaction (etcd §8.20). */
function transact(draft: Draft, input: TxnInput, response: TxnResponse): boolean {
  const { succeeded, responses } = response
  const results = input.compares.map((compare) =>
    outcomesOf(draft.before.get(compare.key), compare),
  )
  const isPossible = succeeded
    ? results.every((possible) => possible.has(true))
    : results.some((possible) => possible.has(false))
  if (!isPossible) return false
  if (succeeded) for (const compare of input.compares) learn(draft, compare)
  const branch = succeeded ? input.success : input.failure
  return (
    branch.length === responses.length &&
    branch.every((operation, index) => {
      const said = responses[index]
      return said !== undefined && execute(draft, operation, said)
    })
  )
}

/** A comparison for equality that held tells a revision. */
function learn(draft: Draft, { key, target, result, operand }: Compare): void {
  const entry = draft.entries.get(key)
  if (entry === undefined || result !== 'equal' || typeof operand !== 'number') return
  const known = bounds(operand)
  if (target === 'mod') draft.entries.set(key, withRevisions(entry, entry.create, known))
  if (target === 'create') draft.entries.set(key, withRevisions(entry, known, entry.mod))
}

/** The one is the other while the key has its first version. */
function withRevisions(entry: Entry, create: Bounds, mod: Bounds): Entry {
  if (entry.version > 1) return { ...entry, create, mod }
  const both = narrowed(create, mod) ?? mod
  return { ...entry, create: both, mod: both }
}

/** Takes over what a client saw of a key; false if it cannot have been so. */
function observe(draft: Draft, kv: KeyValue, isKeyOnly: boolean): boolean {
  const entry = draft.entries.get(kv.key)
  if (entry === undefined || entry.version !== kv.version) return false
  if (kv.value !== (isKeyOnly ? '' : entry.value)) return false
  const create = narrowed(entry.create, bounds(kv.createRevision))
  const mod = narrowed(entry.mod, bounds(kv.modRevision))
  if (create === undefined || mod === undefined) return false
  if (kv.version === 1 ? kv.createRevision !== kv.modRevision : create.from >= mod.from)
    return false
  draft.entries.set(kv.key, { ...entry, create, mod })
  return true
}

function putEntry({ entries, revision }: Draft, { key, value }: PutInput): void {
  const old = entries.get(key)
  const entry: Entry = {
    value,
    version: (old?.version ?? 0) + 1,
    create: old?.create ?? revision,
    mod: revision,
  }
  const isNew = old === undefined
  entries.set(key, entry)
  if (isNew) sortKeys(entries)
}

function sortKeys(entries: Map<string, Entry>): void {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  entries.clear()
  for (const [key, entry] of sorted) entries.set(key, entry)
}

function deleteEntries(draft: Draft, interval: KeyInterval): number {
  const keys = keysIn(draft, interval)
  for (const key of keys) draft.entries.delete(key)
  return keys.length
}

function keysIn({ entries }: Draft, interval: KeyInterval): readonly string[] {
  return [...entries.keys()].filter((key) => isInInterval(key, interval))
}

function outcomesOf(entry: Entry | undefined, compare: Compare): ReadonlySet<boolean> {
  const { target, result, operand } = compare
  if (target === 'value') {
    // Of a missing key the value is neither equal nor unequal to anything (etcd §8.21).
    if (entry === undefined) return new Set([false])
    const order = entry.value < operand ? -1 : Number(entry.value > operand)
    return new Set([holds(result, order)])
  }
  if (target === 'version') return mayBe(bounds(entry?.version ?? 0), result, Number(operand))
  return mayBe(entry?.[target] ?? bounds(0), result, Number(operand))
}

function holds(result: Compare['result'], order: number): boolean {
  switch (result) {
    case 'equal':
      return order === 0
    case 'notEqual':
      return order !== 0
    case 'greater':
      return order > 0
    case 'less':
      return order < 0
  }
}
