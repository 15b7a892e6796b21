/**
 * What the messages of one watch promise, word for word, as a client without the SDK sees them: each
 * revision whole, in one message, once, in order; what a message's revision says has been told, has
 * been; a cancellation only for what is compacted (etcd's promises for watches; catalogue 64–70).
 */

import type { WatchResponse } from '@holdfast/protocol'
import { keyValueOf } from '../../workload/run-kv.js'
import { check } from '../check.js'
import { changeOf } from '../changes.js'
import { keyOf, modRevisionOf, type ChangeEvent } from '../../history/change-log.js'
import type { KeyValue } from '../../history/kv-operation.js'
import type { RunRecords } from '../run-records.js'
import { isSameValue } from '../same-value.js'

type WireEvent = WatchResponse['events'][number]

export interface StreamRequest {
  readonly name: string
  readonly prefix: string
  /** 0: from what comes next. */
  readonly startRevision: number
  readonly withPrevious: boolean
  readonly only: ChangeEvent['type'] | undefined
}

export class StreamedChanges {
  readonly #records: RunRecords
  readonly #request: StreamRequest
  #nextRevision: number
  #isOver = false

  constructor(records: RunRecords, request: StreamRequest) {
    this.#records = records
    this.#request = request
    this.#nextRevision = request.startRevision
  }

  /** Nothing more is to come. */
  get isOver(): boolean {
    return this.#isOver
  }

  told({ header, created, canceled, compactRevision, events }: WatchResponse): void {
    const { name } = this.#request
    check(!this.#isOver, `${name} was told something after its end`)
    if (created) {
      if (this.#nextRevision === 0) this.#nextRevision = (header?.revision ?? 0) + 1
    } else if (canceled) this.#cancelled(compactRevision)
    else this.#toldUpTo(header?.revision ?? 0, events)
  }

  #cancelled(compactRevision: number): void {
    this.#isOver = true
    const { name } = this.#request
    const { states } = this.#records
    check(
      compactRevision > this.#nextRevision && compactRevision <= states.compactRevision,
      `${name} was cancelled at ${this.#nextRevision} because of ${compactRevision}`,
    )
  }

  /** A message, with events or without: everything up to its revision has been told with it. */
  #toldUpTo(revision: number, events: readonly WireEvent[]): void {
    const { name } = this.#request
    check(
      revision <= this.#records.states.revision,
      `${name} was told of ${revision}, which is not`,
    )
    const told = events.map((event) => this.#read(event))
    const expected = this.#expected(this.#nextRevision, revision)
    check(
      isSameValue(told, expected),
      `${name} was told of ${this.#nextRevision} to ${revision}: ` +
        `${told.map(describe).join()}, not ${expected.map(describe).join()}`,
    )
    this.#nextRevision = Math.max(this.#nextRevision, revision + 1)
  }

  #expected(from: number, to: number): readonly ChangeEvent[] {
    const { prefix, only } = this.#request
    return this.#records.ledger.changes
      .slice(Math.max(0, from - 2), Math.max(0, to - 1))
      .flatMap((change) => changeOf(change).events)
      .filter((event) => keyOf(event).startsWith(prefix))
      .filter(({ type }) => only === undefined || type === only)
  }

  #read({ type, kv, prevKv }: WireEvent): ChangeEvent {
    const { name, withPrevious } = this.#request
    if (kv === undefined) throw new Error(`${name} was told of nothing`)
    const key = Buffer.from(kv.key).toString('latin1')
    const previous = prevKv && wireKeyValue(prevKv)
    if (withPrevious) this.#checkPrevious(key, kv.modRevision, previous)
    else check(previous === undefined, `${name} was told a previous value that it did not want`)
    if (type !== 'PUT') return { type: 'delete', key, modRevision: kv.modRevision }
    return { type: 'put', kv: wireKeyValue(kv) }
  }

  /** It may be missing where it was compacted by the time at which it was told. */
  #checkPrevious(key: string, modRevision: number, previous: KeyValue | undefined): void {
    const { name } = this.#request
    const { states } = this.#records
    const known = states.entryAt(modRevision - 1, key)
    if (previous === undefined && modRevision - 1 < states.compactRevision) return
    check(
      isSameValue(previous, known),
      `${name} was told that ${key} was ${JSON.stringify(previous)} before ${modRevision}, ` +
        `not ${JSON.stringify(known)}`,
    )
  }
}

function wireKeyValue({ key, value, ...rest }: NonNullable<WireEvent['kv']>): KeyValue {
  return keyValueOf({ ...rest, keyBytes: key, bytes: value })
}

function describe(event: ChangeEvent): string {
  return `${event.type} ${keyOf(event)} at ${modRevisionOf(event)}`
}
