/**
 * The state machine again, as dumb as possible: the whole store is copied for every revision, and
 * nothing is clever. It knows etcd's rules and nothing about chains, tables or request ids.
 */

import type { Alarm } from './command.js'
import type { AlarmCommand, Command } from './command.js'
import type { Compare, KeySelector, KeyValue, Operation, RangeOperation } from './operation.js'
import { grows } from './growth.js'
import type { OperationResult, RefusalReason } from './outcome.js'
import type { Lease } from './state-machine.js'
import { text } from './state-machine.test-support.js'

type Contents = ReadonlyMap<string, KeyValue>
type Place = { readonly index: number; readonly term: number }
type ModelResult = { readonly revision: number } & Record<string, unknown>

const HARMLESS: ReadonlySet<string> = new Set(['publishMember', 'leaseCheckpoint'])

class Refused extends Error {
  readonly reason: RefusalReason
  constructor(reason: RefusalReason) {
    super(reason)
    this.reason = reason
  }
}

export class Model {
  /** The contents at each revision; what is asked of a compacted one is refused anyway. */
  readonly #past = new Map<number, Contents>([[1, new Map()]])
  readonly events = new Map<number, string[]>()
  readonly leases = new Map<string, Lease>()
  alarms: readonly Alarm[] = []
  revision = 1
  compactRevision = -1
  #contents = new Map<string, KeyValue>()
  #changes: string[] = []

  /** `at` is the entry that holds the command. */
  apply(command: Command, at: Place): ModelResult | RefusalReason {
    const saved = new Map(this.#contents)
    this.#changes = []
    try {
      const result = this.#run(command, at)
      if (this.#changes.length > 0) {
        this.revision++
        this.events.set(this.revision, this.#changes)
        this.#past.set(this.revision, new Map(this.#contents))
      }
      return result
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.#contents = saved
      this.#changes = []
      return error.reason
    }
  }

  range(operation: RangeOperation): OperationResult {
    this.#changes = []
    return this.#range(operation)
  }

  #run(command: Command, { index, term }: Place): ModelResult {
    if (command.type === 'alarm') return this.#changeAlarm(command)
    const isRaised = (type: string): boolean => this.alarms.some((alarm) => alarm.type === type)
    if (isRaised('CORRUPT') && !HARMLESS.has(command.type)) throw new Refused('corrupt')
    if (isRaised('NOSPACE') && grows(command)) throw new Refused('noSpace')
    switch (command.type) {
      case 'kv': {
        const before = new Map(this.#contents)
        return { ...this.#operate(command.operation, before, this.revision) }
      }
      case 'compact':
        if (command.revision <= this.compactRevision) throw new Refused('compacted')
        if (command.revision > this.revision) throw new Refused('futureRevision')
        this.compactRevision = command.revision
        return { type: 'compact', revision: this.revision }
      case 'leaseGrant': {
        const { id, ttlSeconds } = command
        if (this.leases.has(id)) throw new Refused('leaseExists')
        this.leases.set(id, { id, ttlSeconds, grantedIndex: index })
        return { ...command, revision: this.revision }
      }
      case 'leaseRevoke':
        if (!this.leases.has(command.id)) throw new Refused('leaseNotFound')
        this.#endLease(command.id)
        return { type: 'leaseRevoke', revision: this.#now() }
      case 'leaseExpire': {
        const lease = this.leases.get(command.id)
        const isVoid = command.term !== term || lease?.grantedIndex !== command.grantedIndex
        if (!isVoid) this.#endLease(command.id)
        return { type: 'leaseExpire', revision: this.#now(), void: isVoid }
      }
      case 'leaseCheckpoint': {
        const isVoid = command.term !== term
        for (const { id, grantedIndex, remainingSeconds } of isVoid ? [] : command.checkpoints) {
          const lease = this.leases.get(id)
          if (lease?.grantedIndex !== grantedIndex) continue
          const { ttlSeconds } = lease
          const left = remainingSeconds === 0 ? {} : { remainingSeconds }
          this.leases.set(id, { id, ttlSeconds, grantedIndex, ...left })
        }
        return { type: 'leaseCheckpoint', revision: this.revision, void: isVoid }
      }
      case 'publishMember':
        return { type: 'publishMember', revision: this.revision }
    }
  }

  #changeAlarm({ action, alarm }: AlarmCommand): ModelResult {
    const others = this.alarms.filter(
      ({ memberId, type }) => memberId !== alarm.memberId || type !== alarm.type,
    )
    const wasRaised = others.length < this.alarms.length
    this.alarms = action === 'raise' ? [...others, alarm] : others
    const alarms = action === 'raise' || wasRaised ? [alarm] : []
    return { type: 'alarm', revision: this.revision, alarms }
  }

  #now(): number {
    return this.revision + (this.#changes.length > 0 ? 1 : 0)
  }

  #operate(operation: Operation, before: Contents, base: number): OperationResult {
    switch (operation.type) {
      case 'put': {
        const name = text(operation.key)
        const old = this.#contents.get(name)
        if (operation.lease !== '0' && !this.leases.has(operation.lease)) {
          throw new Refused('leaseNotFound')
        }
        if ((operation.ignoreValue || operation.ignoreLease) && old === undefined) {
          throw new Refused('keyNotFound')
        }
        this.#contents.set(name, {
          key: operation.key,
          value: operation.ignoreValue ? old!.value : operation.value,
          createRevision: old?.createRevision ?? base + 1,
          modRevision: base + 1,
          version: (old?.version ?? 0) + 1,
          lease: operation.ignoreLease ? old!.lease : operation.lease,
        })
        this.#changes.push(`put ${name}`)
        return { type: 'put', revision: base + 1, prevKv: operation.prevKv ? old : undefined }
      }
      case 'range':
        if (operation.revision > base) throw new Refused('futureRevision')
        return this.#range(operation)
      case 'deleteRange': {
        const prevKvs = select(this.#contents, operation)
        for (const { key } of prevKvs) this.#delete(text(key))
        const deleted = prevKvs.length
        const shown = operation.prevKv ? prevKvs : []
        return { type: 'deleteRange', revision: this.#now(), deleted, prevKvs: shown }
      }
      case 'txn': {
        const succeeded = operation.compare.every((compare) => satisfied(before, compare))
        const branch = succeeded ? operation.success : operation.failure
        const responses = branch.map((inner) => this.#operate(inner, before, base))
        return { type: 'txn', revision: this.#now(), succeeded, responses }
      }
    }
  }

  #range(operation: RangeOperation): OperationResult {
    const { revision, limit, sortOrder, sortTarget } = operation
    const now = this.#now()
    if (revision > now) throw new Refused('futureRevision')
    if (revision > 0 && revision < this.compactRevision) throw new Refused('compacted')
    const all = select(
      revision > 0 && revision < now ? this.#past.get(revision)! : this.#contents,
      operation,
    )
    if (operation.countOnly) {
      return { type: 'range', revision: now, kvs: [], more: false, count: all.length }
    }
    const kept = all
      .filter((kv) => within(kv.modRevision, operation.minModRevision, operation.maxModRevision))
      .filter((kv) =>
        within(kv.createRevision, operation.minCreateRevision, operation.maxCreateRevision),
      )
    const by = (kv: KeyValue): number | string =>
      ({
        key: text(kv.key),
        version: kv.version,
        create: kv.createRevision,
        mod: kv.modRevision,
        value: text(kv.value),
      })[sortTarget]
    const direction = sortOrder === 'descend' ? -1 : 1
    kept.sort((a, b) => (by(a) < by(b) ? -direction : by(a) > by(b) ? direction : 0))
    const cut = limit > 0 ? kept.slice(0, limit) : kept
    const kvs = cut.map((kv) => (operation.keysOnly ? { ...kv, value: Buffer.alloc(0) } : kv))
    return { type: 'range', revision: now, kvs, more: kept.length > cut.length, count: all.length }
  }

  #endLease(id: string): void {
    this.leases.delete(id)
    for (const [name, { lease }] of [...this.#contents].sort()) if (lease === id) this.#delete(name)
  }

  #delete(name: string): void {
    this.#contents.delete(name)
    this.#changes.push(`delete ${name}`)
  }
}

function within(value: number, least: number, most: number): boolean {
  return (least === 0 || value >= least) && (most === 0 || value <= most)
}

/** Latin-1 strings compare as their bytes do. */
function select(contents: Contents, { key, rangeEnd }: KeySelector): KeyValue[] {
  const [from, to] = [text(key), text(rangeEnd)]
  const names = [...contents.keys()].sort((a, b) => (a < b ? -1 : 1))
  const isSelected = (name: string): boolean =>
    to === '' ? name === from : name >= from && (to === '\0' || name < to)
  return names.filter(isSelected).map((name) => contents.get(name)!)
}

function satisfied(before: Contents, compare: Compare): boolean {
  const selected = select(before, compare)
  if (selected.length === 0) return compare.target !== 'value' && compares(undefined, compare)
  return selected.every((kv) => compares(kv, compare))
}

function compares(kv: KeyValue | undefined, compare: Compare): boolean {
  const [left, right] = sides(kv, compare)
  switch (compare.result) {
    case 'equal':
      return left === right
    case 'notEqual':
      return left !== right
    case 'greater':
      return left > right
    case 'less':
      return left < right
  }
}

type Side = number | string | bigint

function sides(kv: KeyValue | undefined, compare: Compare): [Side, Side] {
  switch (compare.target) {
    case 'version':
      return [kv?.version ?? 0, compare.operand]
    case 'create':
      return [kv?.createRevision ?? 0, compare.operand]
    case 'mod':
      return [kv?.modRevision ?? 0, compare.operand]
    case 'value':
      return [text(kv!.value), text(compare.operand)]
    case 'lease':
      return [BigInt(kv?.lease ?? '0'), BigInt(compare.operand)]
  }
}
