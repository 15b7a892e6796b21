/** The same watch stream on both servers, and whether both have told the same. */

import type { Referee } from '../referee.js'
import { eventsOf, toldEvent, wanted, type Interest, type ToldEvent } from './story.js'
import { watchOverHttp, watchOverWebSocket, type Watched } from './watched.js'

type Json = Readonly<Record<string, unknown>>

interface CreateRequest {
  readonly key?: string
  readonly range_end?: string
  readonly start_revision?: string
  readonly watch_id?: string
  readonly filters?: readonly (string | number)[]
}

/** By their numbers. */
const FILTERS: Readonly<Record<string | number, string>> = { 0: 'NOPUT', 1: 'NODELETE' }

interface Created {
  readonly interest: Interest
  /** What it asked for was compacted already. */
  readonly isTooLate: boolean
  readonly compacted: number
  /** The revision up to which it is told; Infinity while it is not cancelled. */
  endRevision: number
}

/** Where the store was when something was asked of it. */
export interface Place {
  readonly now: number
  readonly compacted: number
}

export class WatchPair {
  readonly #over: 'http' | 'websocket'
  readonly #etcd: Watched
  readonly #ours: Watched
  readonly #created: Created[] = []
  #expectedControls = 0

  constructor({ etcd, ours }: Referee, over: 'http' | 'websocket') {
    this.#over = over
    const watch = over === 'http' ? watchOverHttp : watchOverWebSocket
    this.#etcd = watch(etcd.url)
    this.#ours = watch(ours.url)
  }

  say(body: string, place: Place): void {
    if (this.#over === 'http' && this.#created.length > 0) return
    const request = JSON.parse(body) as Readonly<Record<string, unknown>>
    if ('create_request' in request) this.#create(request['create_request'] as CreateRequest, place)
    if ('cancel_request' in request) {
      const { watch_id: id = '0' } = request['cancel_request'] as { readonly watch_id?: string }
      this.#cancel(id, place)
    }
    if ('progress_request' in request) this.#expectedControls += 1
    for (const watched of [this.#etcd, this.#ours]) watched.say(body)
  }

  leave(): void {
    this.#etcd.leave()
    this.#ours.leave()
  }

  /** Every request has been answered. */
  hasAnswers(): boolean {
    return [this.#etcd, this.#ours].every(
      (watched) => controlsOf(watched).length >= this.#expectedControls,
    )
  }

  isComplete(story: readonly ToldEvent[]): boolean {
    if (!this.hasAnswers()) return false
    return this.#ids().every((id) => {
      const events = this.#expected(id, story)
      return (
        eventsFor(this.#ours, id).length >= events.length &&
        eventsFor(this.#etcd, id).length >= events.filter(isToldByEtcd(this.#of(id))).length
      )
    })
  }

  told(): unknown {
    return { etcd: this.#etcd.messages.length, ours: this.#ours.messages, expected: this.#created }
  }

  /**
   * What both have told, as far as it is no matter of time how it stands in messages. A delete at the
   * compacted revision itself is left out: 3.4 does not tell of it (etcd #19249).
   */
  comparable(): { readonly etcd: unknown; readonly ours: unknown } {
    const of = (watched: Watched): unknown => ({
      controls: controlsOf(watched),
      events: this.#ids().map((id) =>
        eventsFor(watched, id).filter((event) => isToldByEtcd(this.#of(id))(toldEvent(event))),
      ),
    })
    return { etcd: of(this.#etcd), ours: of(this.#ours) }
  }

  #create(request: CreateRequest, { now, compacted }: Place): void {
    const start = Number(request.start_revision ?? 0)
    const isTaken =
      this.#of(request.watch_id ?? '0')?.endRevision === Infinity && request.watch_id !== undefined
    const text = (bytes = ''): string => Buffer.from(bytes, 'base64').toString('latin1')
    const isTooLate = start > 0 && start < compacted
    this.#created.push({
      interest: {
        key: text(request.key),
        rangeEnd: text(request.range_end),
        startRevision: start === 0 ? now + 1 : start,
        filters: (request.filters ?? []).map((filter) => FILTERS[filter] ?? String(filter)),
      },
      isTooLate,
      compacted,
      endRevision: Infinity,
    })
    const isRefused = isEmpty(this.#created.at(-1)!.interest) || isTaken
    this.#expectedControls += isTooLate && !isRefused ? 2 : 1
  }

  #cancel(id: string, { now }: Place): void {
    const created = this.#of(id)
    if (created === undefined || created.endRevision !== Infinity) return
    created.endRevision = now
    this.#expectedControls += 1
  }

  /** The ids that were given, in the order of the requests; those refused have none. */
  #ids(): readonly string[] {
    return createdMessages(this.#etcd).flatMap((id) => (id === '-1' ? [] : [id]))
  }

  #of(id: string): Created | undefined {
    return this.#created[createdMessages(this.#etcd).indexOf(id)]
  }

  #expected(id: string, story: readonly ToldEvent[]): readonly ToldEvent[] {
    const created = this.#of(id)
    if (created === undefined || created.isTooLate) return []
    return wanted(story, created.interest).filter(({ revision }) => revision <= created.endRevision)
  }
}

function isToldByEtcd(created: Created | undefined): (event: ToldEvent) => boolean {
  return ({ type, revision }) => type !== 'DELETE' || revision !== created?.compacted
}

function isEmpty({ key, rangeEnd }: Interest): boolean {
  return rangeEnd !== '' && rangeEnd !== '\0' && rangeEnd <= key
}

function createdMessages(watched: Watched): readonly string[] {
  return watched.messages.flatMap((message) => {
    const result = message['result'] as Json | undefined
    return result?.['created'] === true ? [(result['watch_id'] as string | undefined) ?? '0'] : []
  })
}

function eventsFor({ messages }: Watched, id: string): readonly Json[] {
  const isFor = (message: Json): boolean =>
    ((message['result'] as Json | undefined)?.['watch_id'] ?? '0') === id
  return eventsOf(messages.filter(isFor))
}

/** Everything but events, without what is each server's own. */
function controlsOf({ messages }: Watched): readonly Json[] {
  return messages
    .filter((message) => eventsOf([message]).length === 0)
    .map((message) => {
      const result = message['result'] as Json | undefined
      if (result === undefined) return message
      const { revision } = (result['header'] ?? {}) as { readonly revision?: string }
      return { ...result, header: { revision } }
    })
}
