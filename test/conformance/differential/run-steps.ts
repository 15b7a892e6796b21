/** Runs steps on an etcd and on ours, and stops at the first that they do not answer alike. */

import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { parseFirstJson, prefixEnd, routes } from '@holdfast/protocol'
import type { Answer, EtcdWatches } from '../deliberate-differences/difference.js'
import { whyTooEarly } from '../deliberate-differences/judge.js'
import type { Referee } from '../referee.js'
import { exchange, tellingHeaders } from '../wire-exchange.js'
import type { WireRequest } from '../wire-request.js'
import { etcdHash, ourHash } from './etcd-hash.js'
import { etcdWatches } from './etcd-watches.js'
import { placeKey } from './place-key.js'
import { filledIn, type Known, type Step } from './step.js'
import { ObservePair } from './observe-pair.js'
import { WatchPair } from './watch-pair.js'
import { drawsItsLease } from '../deliberate-differences/own-values.js'
import { Story } from './story.js'

/** One of them is done, or has told something: the other must within so long. */
const PATIENCE_MS = 10_000
const LOOK_MS = 5
/** Some ten times what etcd takes. */
const READY_PATIENCE_MS = 1_000
/** The worst there can be. */
const NO_WATCHES: EtcdWatches = { all: 0, slow: 0, expected: 1 }

/** They do not answer alike, and nobody says why. */
export class Divergence extends Error {
  override readonly name = 'Divergence'
  readonly at: number
  readonly step: Step
  readonly etcd: unknown
  readonly ours: unknown

  constructor(at: number, step: Step, both: { readonly etcd: unknown; readonly ours: unknown }) {
    super(`step ${at} is answered otherwise than by etcd`)
    this.at = at
    this.step = step
    this.etcd = both.etcd
    this.ours = both.ours
  }
}

/** How many steps there were of which kind. */
export type Tally = ReadonlyMap<string, number>

/** @throws {Divergence} */
export async function runSteps(referee: Referee, steps: readonly Step[]): Promise<Tally> {
  const run = new Run(referee)
  try {
    for (const [at, step] of steps.entries()) await run.take(at, step)
    await run.take(steps.length, { do: 'settle' })
    return run.tally
  } finally {
    run.leave()
  }
}

interface LineKey {
  readonly [field: string]: unknown
  readonly key: string
}

interface Begun {
  readonly request: WireRequest
  readonly left: AbortController
  /** Somebody with the same lease was there already: the place ends with whoever leaves first. */
  readonly sharesPlace: boolean
  /** The revision before it, if somebody else was there first. */
  readonly waitsFrom: number | undefined
  readonly settled: { etcd: Answer | undefined; ours: Answer | undefined }
  isCompared: boolean
}

class Run {
  readonly tally = new Map<string, number>()
  readonly #referee: Referee
  readonly #story: Story
  readonly #watches = new Map<string, WatchPair>()
  readonly #observers = new Map<string, ObservePair>()
  readonly #begun = new Map<string, Begun>()
  readonly #revisions = new Map<string, string>()
  #now = 1
  #compacted = 0
  /** A watch of the past was begun: etcd looks every 100 ms whether it has come to the present. */
  #mayBeBehind = false
  #hasDrawnLeases = false
  #at = 0
  #step: Step = { do: 'settle' }

  constructor(referee: Referee) {
    this.#referee = referee
    this.#story = new Story(referee)
  }

  async take(at: number, step: Step): Promise<void> {
    this.#at = at
    this.#step = step
    await this.#story.begun()
    switch (step.do) {
      case 'ask':
        return this.#ask(step)
      case 'get':
        return this.#get(step.path)
      case 'hash':
        return this.#hash(step.revision)
      case 'begin':
        return this.#begin(step)
      case 'giveUp':
        return this.#giveUp(step)
      case 'watch':
        this.#watches.set(step.id, new WatchPair(this.#referee, step.over))
        this.#count('watch')
        return
      case 'say':
        return this.#say(step)
      case 'leave':
        for (const open of [this.#watches, this.#observers]) {
          open.get(step.id)?.leave()
          open.delete(step.id)
        }
        return
      case 'observe':
        this.#observers.set(step.id, new ObservePair(this.#referee, step.name))
        this.#count('observe')
        return
      case 'settle':
        return this.#settle()
      case 'expire':
        return this.#expire(step.lease)
    }
  }

  leave(): void {
    this.#story.leave()
    for (const watch of this.#watches.values()) watch.leave()
    for (const observer of this.#observers.values()) observer.leave()
    for (const { left } of this.#begun.values()) left.abort()
  }

  async #ask({ path, body, ...how }: Omit<Extract<Step, { do: 'ask' }>, 'do'>): Promise<void> {
    if (!(await this.#isEtcdReady(path))) return
    const needsMember = body.includes('$member')
    const request = { path, ...how, body: filledIn(body, await this.#known('etcd')) }
    const verdict = needsMember
      ? await this.#askEach(path, body)
      : await this.#referee.compare(request)
    this.#count(verdict.kind)
    if (verdict.difference !== undefined) this.#diverge(verdict.difference)
    // A candidate that was there already says first what is new, of which its answer does not tell.
    if (path.includes('/election/')) await this.#lookAtRevision()
    const answer = verdict.etcd
    if (answer?.status !== 200) return
    const { revision } = (answer.body['header'] ?? {}) as { readonly revision?: string }
    if (revision !== undefined) this.#now = Math.max(this.#now, Number(revision))
    this.#hasDrawnLeases ||= drawsItsLease(request)
    if (path.endsWith('/kv/compaction')) this.#compacted = compactedBy(request.body)
  }

  /** Whether it became ready: what it says of its watches is no promise. */
  async #isEtcdReady(path: string): Promise<boolean> {
    await this.#compareBegun()
    if (whyTooEarly(path, NO_WATCHES) === undefined) return true
    const deadline = performance.now() + READY_PATIENCE_MS
    for (;;) {
      const watches = await etcdWatches(this.#referee.etcd.url, this.#leastWatches())
      const why = whyTooEarly(path, watches)
      if (why === undefined) return true
      if (performance.now() > deadline) {
        this.#count(`put off: ${why}`)
        return false
      }
      await delay(LOOK_MS)
    }
  }

  /** That of everything, those that were asked for, and one of each that waits. */
  #leastWatches(): number {
    const asked = [...this.#watches.values()].map(({ openCount }) => openCount)
    const waiting = [...this.#begun.values()].filter(({ isCompared }) => !isCompared)
    return 1 + this.#observers.size + asked.reduce((sum, count) => sum + count, 0) + waiting.length
  }

  /** Where the servers must be asked with words of their own. */
  async #askEach(path: string, body: string): ReturnType<Referee['compare']> {
    const both = await this.#both(async (server) => {
      const request = { path, body: filledIn(body, await this.#known(server)) }
      return (await exchange(this.#referee[server].url, request)) as Answer
    })
    return { ...this.#referee.judge({ path, body }, both), ...both }
  }

  async #say({ id, body }: Extract<Step, { do: 'say' }>): Promise<void> {
    const watch = this.#watches.get(id)
    if (watch === undefined) return
    this.#mayBeBehind ||= body.includes('start_revision')
    watch.say(filledIn(body, await this.#known('etcd')), this.#place())
    const hasAnswers = (): Promise<boolean> => Promise.resolve(watch.hasAnswers())
    await this.#until('the answer to a watch request', hasAnswers, () => watch.told())
    this.#count('watch request')
  }

  async #get(path: string): Promise<void> {
    const both = await this.#both(async (server) => {
      const response = await fetch(this.#referee[server].url + path)
      const text = await response.text()
      const body = JSON.parse(text === '' ? '{}' : text) as Answer['body']
      return { status: response.status, headers: tellingHeaders(response), body }
    })
    const verdict = this.#referee.judge({ path, body: '{}' }, both)
    this.#count(`GET ${path}`)
    if (verdict.difference !== undefined) this.#diverge(both)
  }

  async #hash(asked: string): Promise<void> {
    const revision = filledIn(asked, await this.#known('etcd'))
    const etcd = await etcdHash(this.#referee.etcd.url, revision)
    const ours = await ourHash(this.#referee.ours.url, revision)
    this.#count(`hash${'refusal' in etcd ? ' refused' : ''}`)
    if (!isDeepStrictEqual(etcd, ours)) this.#diverge({ etcd, ours })
  }

  async #begin({ id, path, body }: Extract<Step, { do: 'begin' }>): Promise<void> {
    const request = { path, body: filledIn(body, await this.#known('etcd')) }
    const left = new AbortController()
    const sharesPlace = await this.#has('etcd', placeOf(request.body))
    const waitsFrom = (await this.#mustWait(request.body)) ? this.#now : undefined
    const settled: Begun['settled'] = { etcd: undefined, ours: undefined }
    this.#begun.set(id, { request, left, sharesPlace, waitsFrom, settled, isCompared: false })
    for (const server of ['etcd', 'ours'] as const) {
      exchange(this.#referee[server].url, request, left.signal)
        .then((answer) => (settled[server] = answer as Answer))
        .catch(() => undefined)
    }
    this.#count('begin')
    // Whoever waits has its place in the line, or is done: what follows comes after it on both.
    await this.#until('the place of a request that waits', () =>
      this.#hasItsPlace(request, settled),
    )
    await this.#lookAtRevision()
    await this.#compareBegun()
  }

  /** Somebody with another key has been there for longer. */
  async #mustWait(body: string): Promise<boolean> {
    const { name } = JSON.parse(body) as { readonly name: string }
    const [first] = await this.#line('etcd', name)
    return first !== undefined && first.key !== placeOf(body)
  }

  /** The keys of those that hold or wait for this, the first first. */
  async #line(server: 'etcd' | 'ours', name: string): Promise<readonly LineKey[]> {
    const prefix = Buffer.concat([Buffer.from(name, 'base64'), Buffer.from('/')])
    const body = JSON.stringify({
      key: prefix.toString('base64'),
      range_end: Buffer.from(prefixEnd(prefix)).toString('base64'),
      sort_target: 'CREATE',
      sort_order: 'ASCEND',
    })
    const said = await exchange(this.#referee[server].url, { path: '/v3/kv/range', body })
    const { kvs = [] } = said.body as { readonly kvs?: readonly LineKey[] }
    return kvs
  }

  async #hasItsPlace(request: WireRequest, settled: Begun['settled']): Promise<boolean> {
    const key = placeOf(request.body)
    const values = await this.#both((server) => this.#valueOf(server, key))
    // A candidate that was there before says first what is new.
    const { value } = JSON.parse(request.body) as { readonly value?: string }
    return (['etcd', 'ours'] as const).every((one) => {
      if (settled[one] !== undefined) return true
      return value === undefined ? values[one] !== undefined : values[one] === value
    })
  }

  async #giveUp({ id, key }: Extract<Step, { do: 'giveUp' }>): Promise<void> {
    const begun = this.#begun.get(id)
    await this.#compareBegun()
    if (begun === undefined || begun.isCompared || begun.sharesPlace) return
    begun.left.abort()
    this.#begun.delete(id)
    this.#count('give up')
    let places = { etcd: true, ours: true }
    const areGone = async (): Promise<boolean> => {
      places = await this.#both((server) => this.#has(server, key))
      return !places.etcd && !places.ours
    }
    await this.#until('the end of the place of who gave up', areGone, () => places)
    await this.#lookAtRevision()
    await this.#compareBegun()
  }

  /** What was written without an answer to tell of it. */
  async #lookAtRevision(): Promise<void> {
    let seen: unknown
    const areEqual = async (): Promise<boolean> => {
      const { etcd, ours } = await this.#both((server) => this.#revisionOf(server))
      seen = { etcd, ours }
      this.#now = etcd
      return etcd === ours
    }
    await this.#until('the same revision', areEqual, () => seen)
  }

  async #revisionOf(server: 'etcd' | 'ours'): Promise<number> {
    const request = { path: '/v3/kv/range', body: '{"key":"AA==","count_only":true}' }
    const { body } = await exchange(this.#referee[server].url, request)
    return Number((body as { readonly header: { readonly revision: string } }).header.revision)
  }

  /** Those that one server has answered the other answers soon, and alike. */
  async #compareBegun(): Promise<void> {
    for (const [id, begun] of this.#begun) {
      const { request, settled } = begun
      if (begun.isCompared || (settled.etcd === undefined && settled.ours === undefined)) continue
      const areBoth = (): Promise<boolean> =>
        Promise.resolve(settled.etcd !== undefined && settled.ours !== undefined)
      await this.#until(`the other answer to ${id}`, areBoth, () => ({ request, settled }))
      const both = { etcd: settled.etcd!, ours: settled.ours! }
      begun.isCompared = true
      const { waitsFrom } = begun
      const to = await this.#revisionOf('etcd')
      const waited = waitsFrom === undefined ? {} : { waited: { from: waitsFrom, to } }
      const { kind, difference } = this.#referee.judge({ ...request, ...waited }, both)
      this.#count(`waited: ${kind}`)
      if (difference !== undefined) this.#diverge(difference)
      const leader = both.etcd.body['leader'] as { readonly rev?: string } | undefined
      if (leader?.rev !== undefined) this.#revisions.set(id, leader.rev)
    }
  }

  async #settle(): Promise<void> {
    // Their keys have other names.
    if (this.#hasDrawnLeases) return
    await this.#ask({ path: '/v3/kv/put', body: '{"key":"fnNldHRsZQ=="}' })
    await this.#until('all that has happened', () =>
      Promise.resolve(this.#story.isToldUpTo(this.#now)),
    )
    const stories = this.#story.both()
    if (!isDeepStrictEqual(stories.etcd, stories.ours)) this.#diverge(this.#story.firstDifference())
    if (this.#mayBeBehind) await this.#until('watches to catch up', () => this.#haveCaughtUp())
    this.#mayBeBehind = false
    for (const watch of this.#watches.values()) {
      const hasAll = (): Promise<boolean> => Promise.resolve(watch.isComplete(this.#story.events))
      await this.#until('all that a watch is told', hasAll, () => watch.told())
      const told = watch.comparable(this.#story.events, this.#now)
      if (!isDeepStrictEqual(told.etcd, told.ours)) this.#diverge(told)
    }
    for (const observer of this.#observers.values()) await this.#compareObserver(observer)
    await this.#compareBegun()
    this.#count('settle')
  }

  async #compareObserver(observer: ObservePair): Promise<void> {
    const [leader] = await this.#line('etcd', observer.name)
    const isComplete = (): Promise<boolean> => Promise.resolve(observer.isComplete(leader))
    await this.#until('what observers are told', isComplete, () => observer.told())
    const lie = observer.firstLie(this.#story.events)
    if (lie !== undefined) this.#diverge({ etcd: observer.told(), ours: lie })
  }

  async #haveCaughtUp(): Promise<boolean> {
    return (await etcdWatches(this.#referee.etcd.url, 0)).slow === 0
  }

  async #expire(lease: string): Promise<void> {
    const grant = { path: '/v3/lease/grant', body: JSON.stringify({ ID: lease, TTL: '1' }) }
    await this.#both((server) => exchange(this.#referee[server].url, grant))
    for (const key of ['ZXhwMQ==', 'ZXhwMg==']) {
      const body = JSON.stringify({ key, lease })
      await this.#ask({ path: '/v3/kv/put', body })
    }
    await this.#until('the end of a lease', async () => {
      const keys = await this.#both((server) => this.#has(server, 'ZXhwMQ=='))
      return !keys.etcd && !keys.ours
    })
    this.#count('expire')
    await this.#settle()
  }

  async #has(server: 'etcd' | 'ours', key: string): Promise<boolean> {
    return (await this.#valueOf(server, key)) !== undefined
  }

  /** In base64; undefined without such a key. */
  async #valueOf(server: 'etcd' | 'ours', key: string): Promise<string | undefined> {
    const request = { path: '/v3/kv/range', body: JSON.stringify({ key }) }
    const { body } = await exchange(this.#referee[server].url, request)
    const [kv] = (body as { readonly kvs?: readonly { readonly value?: string }[] }).kvs ?? []
    return kv && (kv.value ?? '')
  }

  async #both<T>(ask: (server: 'etcd' | 'ours') => Promise<T>): Promise<{ etcd: T; ours: T }> {
    const [etcd, ours] = await Promise.all([ask('etcd'), ask('ours')])
    return { etcd, ours }
  }

  async #known(server: 'etcd' | 'ours'): Promise<Known> {
    const member = await this.#referee.memberId(server)
    return { now: this.#now, compacted: this.#compacted, member, revisions: this.#revisions }
  }

  #place(): { readonly now: number; readonly compacted: number } {
    return { now: this.#now, compacted: this.#compacted }
  }

  async #until(
    what: string,
    isSo: () => Promise<boolean>,
    seen: () => unknown = () => undefined,
  ): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    while (!(await isSo())) {
      if (performance.now() > deadline) this.#diverge({ etcd: `in vain for ${what}`, ours: seen() })
      await delay(LOOK_MS)
    }
  }

  #count(kind: string): void {
    this.tally.set(kind, (this.tally.get(kind) ?? 0) + 1)
  }

  #diverge(both: { readonly etcd: unknown; readonly ours: unknown }): never {
    throw new Divergence(this.#at, this.#step, both)
  }
}

function compactedBy(body: string): number {
  return routes.compaction.request.decode(parseFirstJson(body)).revision
}

/** Of a request for a lock or a leadership. */
function placeOf(body: string): string {
  const { name, lease } = JSON.parse(body) as { readonly name: string; readonly lease: string }
  return placeKey(name, lease)
}
