/**
 * The keys as they were at any revision that is known to be committed, built again from the ledger's
 * changes. What is read of the past, and what a hold rests on, is compared with it.
 */

import { changeOf } from '../changes.js'
import type { KeyValue } from '../../history/kv-operation.js'
import type { Ledger, LedgerEntry } from '../ledger.js'

/** One life of a key. */
interface Life {
  readonly createRevision: number
  /** The revision that deleted it; Infinity while it lives. */
  endRevision: number
  readonly versions: KeyValue[]
}

export class KnownStates {
  readonly #ledger: Ledger
  readonly #lives = new Map<string, Life[]>()
  /** Changes of the ledger that are in here. */
  #seen = 0
  #compactRevision = -1

  constructor(ledger: Ledger) {
    this.#ledger = ledger
    ledger.listen((entry) => this.#onCommitted(entry))
  }

  get compactRevision(): number {
    return this.#compactRevision
  }

  get revision(): number {
    return this.#ledger.revision
  }

  /** The keys that begin with the prefix, in byte order. */
  entriesAt(revision: number, prefix: string): readonly KeyValue[] {
    this.#catchUp()
    const keys = [...this.#lives.keys()].filter((key) => key.startsWith(prefix)).sort()
    return keys.flatMap((key) => this.entryAt(revision, key) ?? [])
  }

  entryAt(revision: number, key: string): KeyValue | undefined {
    this.#catchUp()
    const life = this.#lives.get(key)?.findLast(({ createRevision }) => createRevision <= revision)
    if (life === undefined || life.endRevision <= revision) return undefined
    return life.versions.findLast(({ modRevision }) => modRevision <= revision)
  }

  /** Whether the key that was created then was still there. */
  wasThere(key: string, createRevision: number, revision: number): boolean {
    return this.entryAt(revision, key)?.createRevision === createRevision
  }

  /** When the life of the key that began then ended; Infinity if it goes on. */
  endOf(key: string, createRevision: number): number | undefined {
    this.#catchUp()
    const life = this.#lives.get(key)?.find((one) => one.createRevision === createRevision)
    return life?.endRevision
  }

  #onCommitted({ applied }: LedgerEntry): void {
    if (applied?.outcome.ok !== true || applied.outcome.result.type !== 'compact') return
    const { command } = applied.proposal
    if (command.type === 'compact') {
      this.#compactRevision = Math.max(this.#compactRevision, command.revision)
    }
  }

  #catchUp(): void {
    const { changes } = this.#ledger
    for (; this.#seen < changes.length; this.#seen += 1) {
      const change = changes[this.#seen]
      if (change === undefined) return
      for (const event of changeOf(change).events) {
        if (event.type === 'put') this.#put(event.kv)
        else this.#end(event.key, change.revision)
      }
    }
  }

  #put(kv: KeyValue): void {
    const lives = this.#lives.get(kv.key) ?? []
    this.#lives.set(kv.key, lives)
    const current = lives.at(-1)
    if (current?.createRevision === kv.createRevision) current.versions.push(kv)
    else lives.push({ createRevision: kv.createRevision, endRevision: Infinity, versions: [kv] })
  }

  #end(key: string, revision: number): void {
    const current = this.#lives.get(key)?.at(-1)
    if (current !== undefined) current.endRevision = revision
  }
}
