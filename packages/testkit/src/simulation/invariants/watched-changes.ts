/**
 * A watch tells everything of its keys, once, in order, whole revisions, whatever broke in between; or
 * says from where on it cannot (etcd's promises for watches; catalogue 64–70).
 */

import type { WatchBatch } from '@holdfast/client'
import { keyOf, type ChangeEvent } from '../../history/change-log.js'
import { keyValueOf } from '../../workload/run-kv.js'
import { changeOf } from '../changes.js'
import { check } from '../check.js'
import type { Ledger } from '../ledger.js'
import { isSameValue } from '../same-value.js'
import type { KnownStates } from './known-states.js'

/** What one watch has been told so far. */
export class WatchedKeys {
  readonly prefix: string
  readonly #records: WatchedChanges
  readonly #name: string
  #nextRevision: number

  constructor(records: WatchedChanges, name: string, prefix: string, fromRevision: number) {
    this.prefix = prefix
    this.#records = records
    this.#name = name
    this.#nextRevision = fromRevision
  }

  get nextRevision(): number {
    return this.#nextRevision
  }

  told({ revision, events }: WatchBatch): void {
    const name = this.#name
    const { ledger } = this.#records
    this.#records.told += 1
    check(revision >= this.#nextRevision, `${name} was told of ${revision} again`)
    check(revision <= ledger.revision, `${name} was told of ${revision}, which is not`)
    for (let at = this.#nextRevision; at < revision; at += 1) {
      check(this.#expected(at).length === 0, `${name} was not told of revision ${at}`)
    }
    const expected = this.#expected(revision)
    const told = events.map(readEvent)
    check(
      isSameValue(told, expected),
      `${name} was told of ${revision}: ${JSON.stringify(told)}, not ${JSON.stringify(expected)}`,
    )
    this.#nextRevision = revision + 1
  }

  /**
   * The watch ended, because what is before this revision is compacted. It goes on from there; or, if
   * it was not told the revision, from what is compacted by now.
   */
  compacted(compactRevision?: number): void {
    const { states } = this.#records
    const from = compactRevision ?? states.compactRevision
    check(
      from > this.#nextRevision && from <= states.compactRevision,
      `${this.#name} lost its history before ${from}, when it was at ${this.#nextRevision}, ` +
        `and ${states.compactRevision} was compacted`,
    )
    this.#nextRevision = from
  }

  /** Everything up to this revision has been told. */
  isToldUpTo(revision: number): boolean {
    for (let at = this.#nextRevision; at <= revision; at += 1) {
      if (this.#expected(at).length > 0) return false
    }
    return true
  }

  #expected(revision: number): readonly ChangeEvent[] {
    const change = this.#records.ledger.changes[revision - 2]
    if (change === undefined) return []
    return changeOf(change).events.filter((event) => keyOf(event).startsWith(this.prefix))
  }
}

export class WatchedChanges {
  readonly ledger: Ledger
  readonly states: KnownStates
  /** Batches that watches were told. */
  told = 0

  constructor(ledger: Ledger, states: KnownStates) {
    this.ledger = ledger
    this.states = states
  }

  begin(name: string, prefix: string, fromRevision: number): WatchedKeys {
    return new WatchedKeys(this, name, prefix, fromRevision)
  }
}

function readEvent({ type, entry }: WatchBatch['events'][number]): ChangeEvent {
  const kv = keyValueOf(entry)
  return type === 'put' ? { type, kv } : { type, key: kv.key, modRevision: kv.modRevision }
}
