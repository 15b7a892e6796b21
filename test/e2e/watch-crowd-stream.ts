/**
 * Many watches of one interval on one connection, read as cheaply as it can be done: thousands of
 * watches are told the same events, so the text of the events is parsed where it is met first, and only
 * compared from then on. What each watch is told is checked as it comes: every revision of the interval
 * from its creation on, in order, once.
 */

import { connect, type Socket } from 'node:net'

export interface CrowdWish {
  /** Of the member. */
  readonly url: string
  readonly prefix: string
  readonly watches: number
  /** How many revisions there are to be told, of one event each. */
  readonly events: number
}

/** One event, as it is told. */
export interface CrowdEvent {
  readonly revision: number
  readonly key: string
  readonly value: string
}

/** What all watches of a process were told, once each. */
export interface CrowdReport {
  readonly told: readonly CrowdEvent[]
  /** Messages in which it came to all of them. */
  readonly messages: number
}

interface WireEvent {
  readonly type?: string
  readonly kv: { readonly key: string; readonly mod_revision: string; readonly value?: string }
}

interface Batch {
  readonly first: number
  readonly count: number
}

const ID = '"watch_id":"'
const CREATED = '"created":true'
const REVISION = '"revision":"'
const EVENTS = ',"events":'
/** Texts that are known at a time; who is behind is told long ones. */
const MAX_KNOWN_TEXTS = 200

/** What all watches of a process are told, whoever is told first. */
export class CrowdEvents {
  readonly #byRevision = new Map<number, CrowdEvent>()
  readonly #known = new Map<string, Batch>()

  /** In the order of their revisions. */
  get all(): readonly CrowdEvent[] {
    return [...this.#byRevision.values()].sort((a, b) => a.revision - b.revision)
  }

  /** @throws when the events do not follow each other, or another watch was told otherwise */
  read(text: string): Batch {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const events = (JSON.parse(text) as readonly WireEvent[]).map(toEvent)
    const first = events[0]?.revision ?? 0
    events.forEach((event, index) => {
      if (event.revision !== first + index) throw new Error(`not in order: ${text.slice(0, 500)}`)
      const told = this.#byRevision.get(event.revision) ?? event
      if (told.key !== event.key || told.value !== event.value) {
        throw new Error(`${JSON.stringify(event)} to one, ${JSON.stringify(told)} to another`)
      }
      this.#byRevision.set(event.revision, told)
    })
    const batch = { first, count: events.length }
    if (this.#known.size >= MAX_KNOWN_TEXTS) this.#known.clear()
    this.#known.set(text, batch)
    return batch
  }
}

function toEvent({ type, kv }: WireEvent): CrowdEvent {
  if (type !== undefined) throw new Error(`nobody deletes, and ${type} of ${kv.key} was told`)
  const text = (base64: string): string => Buffer.from(base64, 'base64').toString()
  return { revision: Number(kv.mod_revision), key: text(kv.key), value: text(kv.value ?? '') }
}

export class CrowdStream {
  /** Resolves when every watch has been created. */
  readonly ready: Promise<void>
  /** Resolves when every watch has been told everything; rejects when one is told what is wrong. */
  readonly done: Promise<void>
  readonly #watches: number
  readonly #due: number
  readonly #told: CrowdEvents
  readonly #socket: Socket
  /** By the id of the watch, from 1 on; 0 before it is created. */
  readonly #next: number[]
  #pending = ''
  #created = 0
  #delivered = 0
  #messages = 0
  #onReady = (): void => undefined
  #onDone = (): void => undefined
  #onProblem = (_problem: Error): void => undefined

  constructor(wish: CrowdWish, told: CrowdEvents) {
    this.#watches = wish.watches
    this.#due = wish.watches * wish.events
    this.#told = told
    this.#next = new Array<number>(wish.watches + 1).fill(0)
    const problem = new Promise<never>((_, reject) => (this.#onProblem = reject))
    this.ready = Promise.race([problem, new Promise<void>((resolve) => (this.#onReady = resolve))])
    this.done = Promise.race([problem, new Promise<void>((resolve) => (this.#onDone = resolve))])
    // Whoever waits is told; nobody has to.
    for (const promise of [this.ready, this.done]) promise.catch(() => undefined)
    const { hostname, port } = new URL(wish.url)
    this.#socket = connect(Number(port), hostname)
    this.#socket.pause()
    this.#socket.once('error', this.#onProblem)
    this.#socket.once('close', () => this.#onProblem(new Error('the stream has ended')))
    this.#socket.write(requestOf(wish))
  }

  /** Messages with events. */
  get messages(): number {
    return this.#messages
  }

  /** Until then nothing is taken from the socket. */
  read(): void {
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk.toString('latin1')))
    this.#socket.resume()
  }

  leave(): void {
    this.#socket.destroy()
  }

  #take(text: string): void {
    const all = this.#pending + text
    let start = 0
    for (let end = all.indexOf('\n'); end !== -1; end = all.indexOf('\n', start)) {
      // Between the messages stand the lines of HTTP: its headers, and the lengths of the chunks.
      if (all.startsWith('{', start)) this.#message(all.slice(start, end))
      start = end + 1
    }
    this.#pending = all.slice(start)
  }

  #message(line: string): void {
    try {
      const at = line.indexOf(ID) + ID.length
      const id = Number(line.slice(at, line.indexOf('"', at)))
      const events = line.indexOf(EVENTS)
      if (events !== -1) this.#advance(id, line.slice(events + EVENTS.length, -2))
      else if (line.includes(CREATED) && this.#next[id] === 0) this.#create(id, line)
      else throw new Error(line)
    } catch (error) {
      this.#onProblem(error as Error)
      this.leave()
    }
  }

  #create(id: number, line: string): void {
    const at = line.indexOf(REVISION) + REVISION.length
    this.#next[id] = Number(line.slice(at, line.indexOf('"', at))) + 1
    this.#created += 1
    if (this.#created === this.#watches) this.#onReady()
  }

  #advance(id: number, text: string): void {
    this.#messages += 1
    const { first, count } = this.#told.read(text)
    const next = this.#next[id]
    if (next !== first) throw new Error(`watch ${id} was told ${first} where ${next} was next`)
    this.#next[id] = first + count
    this.#delivered += count
    if (this.#delivered === this.#due) this.#onDone()
  }
}

function requestOf({ prefix, watches }: CrowdWish): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const end = `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`
  const interval = { key: base64(prefix), range_end: base64(end) }
  const body = Array.from({ length: watches }, (_, index) =>
    JSON.stringify({ create_request: { ...interval, watch_id: String(index + 1) } }),
  ).join('\n')
  const head = `POST /v3/watch HTTP/1.1\r\nHost: member\r\nContent-Length: ${body.length}\r\n\r\n`
  return `${head}${body}`
}
