/**
 * What a consumer waits for when there is nothing to take: a new item, a claim that ended without its
 * item, or that a delayed item is due.
 */

import type { Core } from '../core.js'
import { orAbort } from '../time/scope.js'
import { Watch } from '../watch/watch.js'
import type { WatchBatch } from '../watch/watch-event.js'
import type { QueueLayout } from './layout.js'

/** What a look saw, and when there will be more to see even if nothing changes. */
export interface Seen {
  readonly revision: number
  /** By the wall clock. */
  readonly lookAgainMs: number
}

/** A watch that is further behind is not read to its end, but opened anew. */
const MAX_LAG_REVISIONS = 1_000

export class News {
  readonly #core: Core
  readonly #layout: QueueLayout
  readonly #lifetime: AbortSignal
  #watch: Watch | undefined
  #batches: AsyncGenerator<WatchBatch, void> | undefined
  /** Asked for, and not taken yet. */
  #pending: Promise<IteratorResult<WatchBatch, void>> | undefined
  /** What the watch has come to. */
  #revision = 0

  constructor(core: Core, layout: QueueLayout, lifetime: AbortSignal) {
    this.#core = core
    this.#layout = layout
    this.#lifetime = lifetime
  }

  /** Resolves when another look is worth it. Rejects as a watch does, or when the signal aborts. */
  async since({ revision, lookAgainMs }: Seen, signal: AbortSignal): Promise<void> {
    if (revision - this.#revision > MAX_LAG_REVISIONS) await this.close()
    const batches = (this.#batches ??= this.#open(revision))
    for (let untilMs = lookAgainMs; ;) {
      const batch = await this.#take(batches, untilMs, signal)
      if (batch === undefined) return
      this.#revision = batch.revision
      if (batch.revision > revision && this.#frees(batch)) return
      untilMs = Math.min(untilMs, ...this.#dueTimesIn(batch))
    }
  }

  async close(): Promise<void> {
    const watch = this.#watch
    this.#watch = undefined
    this.#batches = undefined
    this.#pending = undefined
    // Not the iterator's `return`, which would wait for what is pending.
    await watch?.close()
  }

  #open(revision: number): AsyncGenerator<WatchBatch, void> {
    this.#revision = revision
    this.#watch = new Watch(this.#core.rpc, this.#layout.news, {
      fromRevision: revision + 1,
      signal: this.#lifetime,
    })
    return this.#watch[Symbol.asyncIterator]()
  }

  /** Undefined when the time has come, or the watch was ended. */
  async #take(
    batches: AsyncGenerator<WatchBatch, void>,
    untilMs: number,
    signal: AbortSignal,
  ): Promise<WatchBatch | undefined> {
    const { rpc } = this.#core
    const timeoutMs = Math.max(0, untilMs - rpc.clock.now().wallMs)
    using limit = rpc.scope({ signal, timeoutMs })
    this.#pending ??= batches.next()
    try {
      const { value } = await orAbort(this.#pending, limit.signal)
      this.#pending = undefined
      return value ?? undefined
    } catch (error) {
      if (limit.signal.aborted && !signal.aborted) return undefined
      throw error
    }
  }

  /** A new item, or a claim that ended without its item. */
  #frees({ events }: WatchBatch): boolean {
    const { claims } = this.#layout
    const settled = new Set(
      events.map(({ type, entry }) =>
        type === 'delete' ? this.#layout.parseItem(entry.key)?.id : undefined,
      ),
    )
    return events.some(({ type, entry: { key } }) =>
      type === 'put'
        ? this.#layout.parseItem(key) !== undefined
        : key.startsWith(claims) && !settled.has(key.slice(claims.length)),
    )
  }

  #dueTimesIn({ events }: WatchBatch): number[] {
    const puts = events.filter(({ type }) => type === 'put')
    return puts.flatMap(({ entry }) => this.#layout.parseDelayed(entry.key)?.dueMs ?? [])
  }
}
