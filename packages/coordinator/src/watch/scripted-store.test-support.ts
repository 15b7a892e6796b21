/** A store that keeps its whole history in an array, and a reader that writes down what it is told. */

import type { KeyValue } from '../state-machine/operation.js'
import type { RevisionEvents, StoreEvent } from '../state-machine/outcome.js'
import type { WatchMessage, WatchRequest, WatchSink } from './watcher.js'

/** A key and its new value; undefined deletes it. */
export type Change = readonly [key: string, value: string | undefined]

const NO_BYTES = new Uint8Array(0)

export class ScriptedStore {
  revision = 1
  compactRevision = -1
  readonly all: RevisionEvents[] = []
  /** How often history was read, and from where. */
  readonly reads: number[] = []
  readonly #live = new Map<string, StoreEvent & { readonly sub: number }>()

  /** Each argument is one revision. */
  write(...revisions: readonly (readonly Change[])[]): RevisionEvents[] {
    const written = revisions.map((changes) => {
      this.revision += 1
      const events = changes.map(([key, value], sub) => this.#change(key, value, sub))
      return { revision: this.revision, events }
    })
    this.all.push(...written)
    return written
  }

  /** Fewer than asked for, as of a store whose values are large. */
  sliceLimit = Infinity

  history(fromRevision: number, maxRevisions: number): readonly RevisionEvents[] {
    if (fromRevision < this.compactRevision) throw new Error('history was asked for what is gone')
    this.reads.push(fromRevision)
    return this.all
      .filter(({ revision }) => revision >= fromRevision)
      .slice(0, Math.min(maxRevisions, this.sliceLimit))
  }

  previous({ kv, previous }: StoreEvent): KeyValue | undefined {
    if (previous === undefined || kv.modRevision - 1 < this.compactRevision) return undefined
    const { events } = this.all.find(({ revision }) => revision === previous.revision)!
    return events[previous.sub]!.kv
  }

  #change(key: string, value: string | undefined, sub: number): StoreEvent {
    const before = this.#live.get(key)
    const previous = before && { revision: before.kv.modRevision, sub: before.sub }
    const kv: KeyValue = {
      key: Buffer.from(key, 'latin1'),
      value: value === undefined ? NO_BYTES : Buffer.from(value),
      createRevision: value === undefined ? 0 : (before?.kv.createRevision ?? this.revision),
      modRevision: this.revision,
      version: value === undefined ? 0 : (before?.kv.version ?? 0) + 1,
      lease: '0',
    }
    const event: StoreEvent = { type: value === undefined ? 'delete' : 'put', kv, previous }
    if (value === undefined) this.#live.delete(key)
    else this.#live.set(key, { ...event, sub })
    return event
  }
}

/** A stream to a reader that takes `room` more messages; several watches may share one. */
export class ScriptedReader implements WatchSink {
  readonly messages: WatchMessage[] = []
  room = Infinity
  onSend: (message: WatchMessage) => void = () => undefined

  get writable(): boolean {
    return this.room > 0
  }

  send(message: WatchMessage): void {
    if (!this.writable) throw new Error('a message was sent to a reader that could not take it')
    this.room -= 1
    this.messages.push(message)
    this.onSend(message)
  }

  /** What it was told of, as `revision:key`. */
  get told(): string[] {
    return this.messages.flatMap((message) =>
      message.type === 'events' ? message.events.map(({ event }) => nameOf(event)) : [],
    )
  }
}

export function nameOf({ type, kv }: StoreEvent): string {
  const key = Buffer.from(kv.key).toString('latin1')
  return `${kv.modRevision}:${type === 'delete' ? '-' : ''}${key}`
}

export function watchOf(
  key: string,
  rangeEnd = '',
  options: Partial<Omit<WatchRequest, 'key' | 'rangeEnd'>> = {},
): WatchRequest {
  return {
    key: Buffer.from(key, 'latin1'),
    rangeEnd: Buffer.from(rangeEnd, 'latin1'),
    startRevision: 0,
    prevKv: false,
    progressNotify: false,
    skipPuts: false,
    skipDeletes: false,
    ...options,
  }
}
