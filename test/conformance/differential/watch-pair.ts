/** The same watch stream on both servers, and whether both have told the same. */

import { isDeepStrictEqual } from 'node:util'
import { etcdMayMiss } from '../deliberate-differences/judge.js'
import { withoutOwnNames } from '../deliberate-differences/own-values.js'
import type { Referee } from '../referee.js'
import { misshapen, partsOf } from './message-shape.js'
import { wanted, type Interest } from './story.js'
import { deleteEvent, eventsOf, toldEvent, type ToldEvent } from './told-event.js'
import { watchOverHttp, watchOverWebSocket, type Watched } from './watched.js'

type Json = Readonly<Record<string, unknown>>

interface CreateRequest {
  readonly key?: string
  readonly range_end?: string
  readonly start_revision?: string
  readonly watch_id?: string
  readonly filters?: readonly (string | number)[]
}

/** The id of one that was refused. */
const REFUSED = '-1'
/** By their numbers. */
const FILTERS: Readonly<Record<string | number, string>> = { 0: 'NOPUT', 1: 'NODELETE' }

interface Created {
  readonly interest: Interest
  /** What it asked for was compacted already. */
  readonly isTooLate: boolean
  /** It was refused, or is told at once that it is too late. */
  readonly isOver: boolean
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
    // An etcd hangs on it: ours refuses it (harmful-requests.ts).
    if (this.#created.length === 0 && !('create_request' in request)) return
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
    const [etcd, ours] = [toldOf(this.#etcd), toldOf(this.#ours)]
    return etcd.every((told, nth) => {
      const created = this.#created[nth]
      if (told === undefined || created === undefined) return true
      const events = expectedOf(created, story)
      return (
        (ours[nth]?.length ?? 0) >= events.length &&
        told.length >= events.filter((event) => !etcdMayMiss(event, created)).length
      )
    })
  }

  told(): unknown {
    return { etcd: this.#etcd.messages.length, ours: this.#ours.messages, expected: this.#created }
  }

  /** What both have told, as far as it is no matter of time how it stands in messages. */
  comparable(
    story: readonly ToldEvent[],
    now: number,
  ): { readonly etcd: unknown; readonly ours: unknown } {
    const events = toldOf(this.#etcd).map((told, nth) => {
      const created = this.#created[nth]
      return told && created && withMissed(told, created, story)
    })
    return {
      etcd: { controls: controlsOf(this.#etcd), events, ...shapeOf(this.#etcd, now) },
      ours: {
        controls: controlsOf(this.#ours),
        events: toldOf(this.#ours),
        ...shapeOf(this.#ours, now),
      },
    }
  }

  /** How many watches an etcd has for this. */
  get openCount(): number {
    return this.#created.filter((one) => !one.isOver && one.endRevision === Infinity).length
  }

  #create(request: CreateRequest, { now, compacted }: Place): void {
    const start = Number(request.start_revision ?? 0)
    const isTaken =
      this.#of(request.watch_id ?? '0')?.endRevision === Infinity && request.watch_id !== undefined
    const text = (bytes = ''): string => Buffer.from(bytes, 'base64').toString('latin1')
    const isTooLate = start > 0 && start < compacted
    const interest: Interest = {
      key: text(request.key),
      rangeEnd: text(request.range_end),
      startRevision: start === 0 ? now + 1 : start,
      filters: (request.filters ?? []).map((filter) => FILTERS[filter] ?? String(filter)),
    }
    const isRefused = isEmpty(interest) || isTaken
    const isOver = isTooLate || isRefused
    this.#created.push({ interest, isTooLate, isOver, compacted, endRevision: Infinity })
    this.#expectedControls += isTooLate && !isRefused ? 2 : 1
  }

  #cancel(id: string, { now }: Place): void {
    const created = this.#of(id)
    if (created === undefined || created.endRevision !== Infinity) return
    created.endRevision = now
    this.#expectedControls += 1
  }

  /** The last that was given this id: it is free again when its watch is cancelled. */
  #of(id: string): Created | undefined {
    return this.#created[createdMessages(this.#etcd).lastIndexOf(id)]
  }
}

function shapeOf({ messages }: Watched, now: number): object {
  return { parts: partsOf(messages), misshapen: misshapen(messages, now) }
}

function expectedOf(created: Created, story: readonly ToldEvent[]): readonly ToldEvent[] {
  if (created.isTooLate) return []
  return wanted(story, created.interest).filter(({ revision }) => revision <= created.endRevision)
}

/** What etcd has told, and what it may have missed. */
function withMissed(
  told: readonly Json[],
  created: Created,
  story: readonly ToldEvent[],
): readonly Json[] {
  const left = [...told]
  const all = expectedOf(created, story).flatMap((expected) => {
    const next = left[0] && toldEvent(left[0])
    if (!isDeepStrictEqual(next, expected) && etcdMayMiss(expected, created)) {
      return [deleteEvent(expected)]
    }
    return left.splice(0, 1)
  })
  return [...all, ...left]
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

/** The events of each watch that was asked for, in the order of the requests; none of one refused. */
function toldOf({ messages }: Watched): readonly (readonly Json[] | undefined)[] {
  const told: (Json[] | undefined)[] = []
  const byId = new Map<string, Json[]>()
  for (const message of messages) {
    const result = message['result'] as Json | undefined
    const id = (result?.['watch_id'] as string | undefined) ?? '0'
    if (result?.['created'] === true) {
      const events = id === REFUSED ? undefined : []
      told.push(events)
      if (events !== undefined) byId.set(id, events)
    } else byId.get(id)?.push(...eventsOf([message]))
  }
  return told
}

/** Everything but events, without what is each server's own. */
function controlsOf({ messages }: Watched): readonly Json[] {
  return messages
    .filter((message) => eventsOf([message]).length === 0)
    .map((message) => {
      const result = message['result'] as Json | undefined
      return withoutOwnNames(result ?? message) as Json
    })
}
