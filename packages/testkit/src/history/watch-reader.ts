/** Reads a watch beside the changes that it has to tell, and says where the two part. */

import { isSameEvent, isSameKeyValue, keyOf, modRevisionOf } from './change-log.js'
import type { Change, ChangeEvent } from './change-log.js'
import type { WatchRecord } from './watch-record.js'

export type WatchProblem =
  | 'notCreated'
  | 'beforeStart'
  | 'outOfOrder'
  | 'duplicateEvent'
  | 'gap'
  | 'splitRevision'
  | 'notAskedFor'
  | 'wrongEvent'
  | 'wrongPrevKv'
  | 'wrongHeader'
  | 'falseProgress'
  | 'falseCompaction'
  | 'afterCancellation'
  | 'incomplete'

export interface WatchTruth {
  /** Each with what was there before. */
  readonly all: readonly Change[]
  /** Those of them that were asked for. */
  readonly expected: readonly Change[]
  readonly compactRevision: number
  readonly report: (problem: WatchProblem, told: string) => void
}

export class WatchReader {
  readonly #watch: WatchRecord
  readonly #truth: WatchTruth
  readonly #told = new Set<number>()
  /** Revisions of which not all was told at once; the rest may come, and is no repetition. */
  readonly #split = new Set<number>()
  /** The next of the expected changes. */
  #next = 0
  /** The first revision of the present stream; undefined until it is known. */
  #from: number | undefined = undefined
  #lastTold = 0
  #lastProgress = 0
  #hasBegun = false
  #isCanceled = false
  /** Whether the present stream was cancelled because what was next has been compacted. */
  #isCompacted = false
  /** What is below has been compacted for the streams that follow. */
  #compacted = 0

  constructor(watch: WatchRecord, truth: WatchTruth) {
    this.#watch = watch
    this.#truth = truth
  }

  begin(startRevision: number): void {
    this.#isCanceled = false
    this.#isCompacted = false
    this.#from = undefined
    this.#lastProgress = 0
    if (startRevision > 0) this.#startAt(startRevision)
  }

  created(revision: number): void {
    if (this.#from === undefined) this.#startAt(revision + 1)
  }

  events(header: number, events: readonly ChangeEvent[]): void {
    this.#checkOpen()
    for (const change of byRevision(events)) this.#change(change)
    const newest = Math.max(...events.map(modRevisionOf))
    if (events.length === 0 || newest > header) {
      this.#report('wrongHeader', `${header} with ${events.length} events up to ${newest}`)
    }
  }

  /** Everything up to it has been told on this stream, and nothing up to it will be (etcd §8.35). */
  progress(revision: number): void {
    this.#checkOpen()
    if (revision < (this.#from ?? 0) - 1) {
      this.#report('beforeStart', `progress ${revision} (etcd #20286)`)
    }
    if (revision < this.#lastProgress) {
      this.#report('falseProgress', `${revision} after ${this.#lastProgress}`)
    }
    this.#lastProgress = Math.max(this.#lastProgress, revision)
    const due = this.#truth.expected[this.#next]
    if (due !== undefined && due.revision <= revision) {
      this.#report('falseProgress', `${revision}, and ${due.revision} has not been told`)
    }
  }

  canceled(compactRevision: number | undefined): void {
    this.#isCanceled = true
    if (compactRevision === undefined) return
    this.#isCompacted = true
    const needed = Math.max(this.#from ?? 0, this.#lastTold + 1)
    // A start at the compacted revision itself is legal (etcd §8.32).
    if (needed >= compactRevision || compactRevision > this.#truth.compactRevision) {
      this.#report('falseCompaction', `at ${compactRevision}, where ${needed} was next`)
    }
    this.#compacted = Math.max(this.#compacted, compactRevision)
  }

  /** Who is cancelled for another reason than compaction asks again, so that excuses nothing. */
  end(completeTo: number): void {
    const due = this.#truth.expected[this.#next]
    if (this.#isCompacted || due === undefined || due.revision > completeTo) return
    this.#report('incomplete', `${due.revision} was not told, by ${completeTo}`)
  }

  /** Right behind what was told before, or where compaction lets it begin. */
  #startAt(from: number): void {
    this.#from = from
    if (from <= this.#lastTold) this.#report('duplicateEvent', `resumed at ${from}`)
    const { expected } = this.#truth
    let next = expected.findIndex(({ revision }) => revision >= from)
    if (next < 0) next = expected.length
    const missed = expected
      .slice(this.#next, next)
      .find(({ revision }) => revision >= this.#compacted)
    if (this.#hasBegun && missed !== undefined) {
      this.#report('gap', `resumed at ${from}, and ${missed.revision} was not told`)
    }
    this.#next = next
    this.#hasBegun = true
  }

  #change(change: Change): void {
    const { revision } = change
    if (this.#from !== undefined && revision < this.#from) {
      this.#report('beforeStart', `${revision} is before ${this.#from}`)
    } else if (revision <= this.#lastTold) {
      this.#again(change)
    } else {
      this.#forward(change)
    }
    this.#told.add(revision)
    this.#lastTold = Math.max(this.#lastTold, revision)
  }

  #again({ revision }: Change): void {
    if (!this.#told.has(revision)) {
      this.#report('outOfOrder', `${revision} after ${this.#lastTold}`)
    } else if (!this.#split.delete(revision)) {
      this.#report('duplicateEvent', `${revision} again after ${this.#lastTold}`)
    }
  }

  #forward(change: Change): void {
    const { expected } = this.#truth
    const skipped = expected[this.#next]
    while ((expected[this.#next]?.revision ?? Infinity) < change.revision) this.#next += 1
    if (skipped !== undefined && skipped !== expected[this.#next]) {
      this.#report('gap', `${skipped.revision} is missing before ${change.revision}`)
    }
    const due = expected[this.#next]
    if (due?.revision === change.revision) this.#next += 1
    this.#compare(change, due?.revision === change.revision ? due.events : [])
  }

  #compare({ revision, events }: Change, due: readonly ChangeEvent[]): void {
    const places = events.map((event) => due.findIndex((other) => isSameEvent(other, event)))
    places.forEach((place, index) => {
      const event = events[index]
      if (event === undefined) return
      if (place < 0) this.#reportStranger(event)
      else this.#checkPrevious(event, due[place]?.prevKv)
    })
    const known = places.filter((place) => place >= 0)
    if (new Set(known).size < known.length) {
      this.#report('duplicateEvent', `an event of ${revision} is there twice`)
    } else if (known.some((place, index) => place < (known[index - 1] ?? -1))) {
      this.#report('outOfOrder', `the events of ${revision}`)
    }
    if (new Set(known).size < due.length) {
      this.#split.add(revision)
      this.#report('splitRevision', `${revision} has ${due.length} events, not ${events.length}`)
    }
  }

  #reportStranger(event: ChangeEvent): void {
    const change = this.#truth.all.find(({ revision }) => revision === modRevisionOf(event))
    const isThere = change?.events.some((other) => isSameEvent(other, event)) === true
    this.#report(isThere ? 'notAskedFor' : 'wrongEvent', JSON.stringify(event))
  }

  /** It may be missing if it was compacted (etcd §8.36). */
  #checkPrevious(event: ChangeEvent, before: ChangeEvent['prevKv']): void {
    const revision = modRevisionOf(event)
    const right = this.#watch.prevKv === true ? before : undefined
    if (isSameKeyValue(event.prevKv, right)) return
    if (event.prevKv === undefined && revision - 1 < this.#truth.compactRevision) return
    this.#report(
      'wrongPrevKv',
      `${keyOf(event)} at ${revision}: not ${JSON.stringify(event.prevKv)}`,
    )
  }

  #checkOpen(): void {
    if (this.#isCanceled) this.#report('afterCancellation', 'a message comes after it')
    else if (this.#from === undefined) this.#report('notCreated', 'a message comes before it')
  }

  #report(problem: WatchProblem, told: string): void {
    this.#truth.report(problem, told)
  }
}

/** Neighbours of one revision together. */
function byRevision(events: readonly ChangeEvent[]): readonly Change[] {
  const changes: { revision: number; events: ChangeEvent[] }[] = []
  for (const event of events) {
    const last = changes.at(-1)
    if (last?.revision === modRevisionOf(event)) last.events.push(event)
    else changes.push({ revision: modRevisionOf(event), events: [event] })
  }
  return changes
}
