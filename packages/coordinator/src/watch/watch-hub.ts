/**
 * Tells watchers what changed: ordered, once each, without a gap, whole revisions (etcd's promises
 * for watches).
 *
 * A watcher is either *synced*, and told of each batch as it is applied, or *behind*, and told from
 * history. Both happen on one thread between two applied batches, so the hand-over from history to
 * live is exact: `nextRevision` is all there is to it. A reader that does not keep up becomes behind
 * and costs no memory: its events wait in the store, not in a buffer, until it reads on or compaction
 * overtakes it.
 */

import type { RevisionEvents, StoreEvent } from '../state-machine/outcome.js'
import type { StateMachine } from '../state-machine/state-machine.js'
import type { Cancel, Clock } from '../time/clock.js'
import { ProgressNotices } from './progress-notices.js'
import { Watcher, type WatchRequest, type WatchSink, type WatchedEvent } from './watcher.js'
import { WatcherIndex } from './watcher-index.js'

/** Revisions of history read for all who are behind before others get a turn (etcd: 1,000). */
export const REPLAY_REVISIONS = 1_000

type HistoryReader = Pick<StateMachine, 'revision' | 'compactRevision' | 'history' | 'previous'>

export class WatchHub {
  readonly #state: HistoryReader
  readonly #index = new WatcherIndex()
  readonly #watchers = new Set<Watcher>()
  readonly #behind = new Set<Watcher>()
  #cancelReplay: Cancel | undefined
  /** Where the sweep through history stands; 0 before it starts at the oldest again. */
  #sweptTo = 0
  readonly #clock: Clock
  readonly #progress: ProgressNotices
  readonly #onFatal: (error: unknown) => void

  /** @param onFatal the store failed under a replay: the member must stop */
  constructor(state: HistoryReader, clock: Clock, onFatal: (error: unknown) => void) {
    this.#state = state
    this.#clock = clock
    this.#onFatal = onFatal
    this.#progress = new ProgressNotices(clock, (watcher) => this.#notifyProgress(watcher))
  }

  get watcherCount(): number {
    return this.#watchers.size
  }

  get behindCount(): number {
    return this.#behind.size
  }

  /** The store's revision now; a watch created in the same turn misses nothing after it. */
  get revision(): number {
    return this.#state.revision
  }

  /** The sink is called from the next turn on, never during this call. */
  create(request: WatchRequest, sink: WatchSink): Watcher {
    const { revision } = this.#state
    const next = request.startRevision === 0 ? revision + 1 : request.startRevision
    const watcher = new Watcher(request, sink, { next, synced: next > revision })
    this.#watchers.add(watcher)
    this.#index.add(watcher)
    this.#progress.add(watcher)
    if (!watcher.synced) this.#fallBehind(watcher)
    return watcher
  }

  cancel(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return
    this.#behind.delete(watcher)
    this.#index.remove(watcher)
    this.#progress.remove(watcher)
  }

  /** The sink of this watcher can take messages again. */
  resume(watcher: Watcher): void {
    if (this.#behind.has(watcher)) this.#scheduleReplay()
  }

  /**
   * Everything up to the store's revision has been sent to it. Never true of a watch of the future:
   * whoever took that revision for a bookmark would resume below the start (etcd #20286).
   */
  isCaughtUp(watcher: Watcher): boolean {
    return watcher.synced && watcher.nextRevision <= this.#state.revision + 1
  }

  /** Called after each applied batch, with what it changed. */
  onApplied(revisions: readonly RevisionEvents[]): void {
    if (this.#watchers.size === 0) return
    const last = revisions.at(-1)
    if (last === undefined) return
    const wanted = new Map<Watcher, StoreEvent[]>()
    for (const { events } of revisions) {
      for (const event of events) {
        for (const watcher of this.#index.watchersOf(event.kv.key)) {
          if (watcher.synced && watcher.wants(event)) collect(wanted, watcher, event)
        }
      }
    }
    for (const [watcher, events] of wanted) {
      if (!this.#watchers.has(watcher)) continue // Cancelled while another one was told.
      if (watcher.sink.writable) {
        this.#tell(watcher, events, last.revision)
      } else {
        watcher.nextRevision = events[0]?.kv.modRevision ?? last.revision
        this.#fallBehind(watcher)
      }
    }
  }

  /**
   * A snapshot took the store from `revision` to a later one without telling what changed: all who
   * had been told everything are told from history, or cancelled where that is compacted.
   */
  onRestored(revision: number): void {
    for (const watcher of this.#watchers) {
      if (!watcher.synced || watcher.nextRevision > this.#state.revision) continue
      watcher.nextRevision = Math.max(watcher.nextRevision, revision + 1)
      this.#fallBehind(watcher)
    }
    this.#sweptTo = 0
  }

  close(): void {
    this.#progress.close()
    this.#cancelReplay?.()
    this.#watchers.clear()
    this.#behind.clear()
  }

  #tell(watcher: Watcher, events: readonly StoreEvent[], revision: number): void {
    watcher.active = true
    watcher.nextRevision = Math.max(watcher.nextRevision, revision + 1)
    watcher.sink.send({
      type: 'events',
      revision,
      events: events.map((event) => this.#withPrevious(watcher, event)),
    })
  }

  #withPrevious(watcher: Watcher, event: StoreEvent): WatchedEvent {
    return { event, prevKv: watcher.request.prevKv ? this.#state.previous(event) : undefined }
  }

  #fallBehind(watcher: Watcher): void {
    watcher.synced = false
    this.#behind.add(watcher)
    this.#scheduleReplay()
  }

  #scheduleReplay(): void {
    this.#cancelReplay ??= this.#clock.afterPoll(() => {
      this.#cancelReplay = undefined
      try {
        this.#replaySlice()
      } catch (error) {
        this.#onFatal(error)
      }
    })
  }

  /** One read of history serves all who are behind, can take messages and want what was read. */
  #replaySlice(): void {
    const readers = this.#takeReaders()
    if (readers.length === 0) return
    const from = this.#nextInSweep(readers)
    const slice = this.#state.history(from, REPLAY_REVISIONS)
    const { revision } = this.#state
    // Every revision that is not compacted changed something, so only the end is without a slice.
    const to = slice.at(-1)?.revision ?? revision
    this.#sweptTo = to < revision ? to + 1 : 0
    const served = readers.filter(({ nextRevision }) => nextRevision >= from && nextRevision <= to)
    this.#replayTo(served, slice, to)
    if (this.#behind.size > 0) this.#scheduleReplay()
  }

  /** Who is behind and can take messages, but for those whom compaction has overtaken. */
  #takeReaders(): readonly Watcher[] {
    const readers: Watcher[] = []
    for (const watcher of this.#behind) {
      if (!watcher.sink.writable) continue
      if (watcher.nextRevision < this.#state.compactRevision) {
        const { compactRevision } = this.#state
        this.cancel(watcher)
        watcher.sink.send({ type: 'compacted', compactRevision })
      } else readers.push(watcher)
    }
    return readers
  }

  /**
   * Slices sweep through history up to its end before they start at the oldest again. If each began
   * with the oldest, watches that keep being created far in the past would let nobody else move on.
   */
  #nextInSweep(readers: readonly Watcher[]): number {
    let oldest = Infinity
    let oldestAhead = Infinity
    for (const { nextRevision } of readers) {
      oldest = Math.min(oldest, nextRevision)
      if (nextRevision >= this.#sweptTo) oldestAhead = Math.min(oldestAhead, nextRevision)
    }
    return oldestAhead === Infinity ? oldest : oldestAhead
  }

  #replayTo(readers: readonly Watcher[], slice: readonly RevisionEvents[], to: number): void {
    const behind = new Set(readers)
    const wanted = new Map<Watcher, StoreEvent[]>()
    for (const { events } of slice) {
      for (const event of events) {
        for (const watcher of this.#index.watchersOf(event.kv.key)) {
          if (behind.has(watcher) && watcher.wants(event)) collect(wanted, watcher, event)
        }
      }
    }
    for (const watcher of readers) {
      // Telling one may cancel another, or fill the stream that they share.
      if (!this.#watchers.has(watcher) || !watcher.sink.writable) continue
      const events = wanted.get(watcher)
      if (events !== undefined) this.#tell(watcher, events, to)
      watcher.nextRevision = to + 1
      if (to < this.#state.revision) continue
      watcher.synced = true
      this.#behind.delete(watcher)
    }
  }

  #notifyProgress(watcher: Watcher): void {
    if (!watcher.synced || !watcher.sink.writable) return
    // A watch of the future is told nothing below its start (etcd #20286).
    const isDue = !watcher.active && watcher.nextRevision <= this.#state.revision + 1
    if (isDue) watcher.sink.send({ type: 'progress', revision: this.#state.revision })
    watcher.active = false
  }
}

function collect(wanted: Map<Watcher, StoreEvent[]>, watcher: Watcher, event: StoreEvent): void {
  const events = wanted.get(watcher)
  if (events === undefined) wanted.set(watcher, [event])
  else events.push(event)
}
