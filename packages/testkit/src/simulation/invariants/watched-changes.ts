/**
 * A watch tells everything of its keys, once, in order, whole revisions, whatever broke in between; or
 * says from where on it cannot (etcd's promises for watches; catalogue 64–70).
 */

import type { WatchBatch } from '@holdfast/client'
import type { RevisionEvents } from '@holdfast/coordinator/parts'
import { check } from '../check.js'
import type { Ledger } from '../ledger.js'

type StoreEvent = RevisionEvents['events'][number]

/** What one watch has been told so far. */
export class WatchedKeys {
  readonly #ledger: Ledger
  readonly #name: string
  readonly #prefix: string
  #nextRevision: number

  constructor(ledger: Ledger, name: string, prefix: string, fromRevision: number) {
    this.#ledger = ledger
    this.#name = name
    this.#prefix = prefix
    this.#nextRevision = fromRevision
  }

  get prefix(): string {
    return this.#prefix
  }

  get nextRevision(): number {
    return this.#nextRevision
  }

  told({ revision, events }: WatchBatch): void {
    check(revision >= this.#nextRevision, `${this.#name} was told of ${revision} again`)
    check(revision <= this.#ledger.revision, `${this.#name} was told of ${revision}, which is not`)
    for (let at = this.#nextRevision; at < revision; at += 1) {
      check(this.#expected(at).length === 0, `${this.#name} was not told of revision ${at}`)
    }
    const expected = this.#expected(revision).map(describe)
    const told = events.map(({ type, entry }) =>
      describe({ type, kv: { ...fieldsOf(entry), key: entry.keyBytes, value: entry.bytes } }),
    )
    check(
      expected.join() === told.join(),
      `${this.#name} was told of ${revision}: ${told.join()}, not ${expected.join()}`,
    )
    this.#nextRevision = revision + 1
  }

  /** The watch ended, because what is before this revision is compacted. It goes on from there. */
  compacted(compactRevision = this.#nextRevision + 1): void {
    check(
      compactRevision > this.#nextRevision,
      `${this.#name} lost its history at ${compactRevision}, and had been told all before it`,
    )
    this.#nextRevision = compactRevision
  }

  /** Everything up to this revision has been told. */
  isToldUpTo(revision: number): boolean {
    for (let at = this.#nextRevision; at <= revision; at += 1) {
      if (this.#expected(at).length > 0) return false
    }
    return true
  }

  #expected(revision: number): readonly StoreEvent[] {
    const change = this.#ledger.changes[revision - 2]
    return change?.events.filter(({ kv }) => startsWith(kv.key, this.#prefix)) ?? []
  }
}

export class WatchedChanges {
  readonly #ledger: Ledger
  #told = 0

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** Batches that watches were told. */
  get told(): number {
    return this.#told
  }

  begin(name: string, prefix: string, fromRevision: number): WatchedKeys {
    const keys = new WatchedKeys(this.#ledger, name, prefix, fromRevision)
    const told = keys.told.bind(keys)
    keys.told = (batch) => {
      this.#told += 1
      told(batch)
    }
    return keys
  }
}

function startsWith(key: Uint8Array, prefix: string): boolean {
  return Buffer.from(key).toString('latin1').startsWith(prefix)
}

interface Described {
  readonly type: string
  readonly kv: {
    readonly key: Uint8Array
    readonly value: Uint8Array
    readonly createRevision: number
    readonly modRevision: number
    readonly version: number
  }
}

function describe({ type, kv }: Described): string {
  const { key, value, createRevision, modRevision, version } = kv
  const [name, text] = [Buffer.from(key), Buffer.from(value)].map((bytes) =>
    bytes.toString('latin1'),
  )
  return type === 'delete'
    ? `delete ${name} at ${modRevision}`
    : `put ${name}=${text} at ${modRevision} since ${createRevision}, version ${version}`
}

function fieldsOf(entry: {
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
}) {
  const { createRevision, modRevision, version } = entry
  return { createRevision, modRevision, version }
}
