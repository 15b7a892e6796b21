/**
 * Watches against all changes (catalogue 75 to 78; etcd's robustness tests: ordered, unique, atomic,
 * reliable, resumable, bookmarkable). Each stream tells every change from its start on that was asked
 * for, once, whole and in order, until it ends; a stream that goes on for another begins right behind
 * it; a progress message is true; a cancellation because of compaction is justified.
 *
 * Trusted: the list of changes, which `revision-sweep.ts` judges. A stream may end anywhere, unless
 * the record says that its recorder waited.
 */

import type { Change } from './change-log.js'
import { expectedOf, withPrevious } from './expected-events.js'
import type { Violation } from './violation.js'
import { WatchReader, type WatchProblem } from './watch-reader.js'
import type { WatchRecord, WatchStream } from './watch-record.js'

export type WatchViolation = Violation<WatchProblem, WatchRecord>

export interface WatchCheckOptions {
  /** The highest revision that anybody has asked to compact at. Default: none. */
  readonly compactRevision?: number
}

export function checkWatches(
  watches: readonly WatchRecord[],
  changes: readonly Change[],
  { compactRevision = 0 }: WatchCheckOptions = {},
): readonly WatchViolation[] {
  const all = withPrevious(changes)
  return watches.flatMap((watch) => {
    const found: WatchViolation[] = []
    const report = (kind: WatchProblem, problem: string) => {
      const { process, key, rangeEnd } = watch
      const what = JSON.stringify(rangeEnd === undefined ? key : [key, rangeEnd])
      found.push({ kind, message: `watch of ${what} by ${process}: ${problem}`, records: [watch] })
    }
    const expected = expectedOf(watch, all)
    const reader = new WatchReader(watch, { all, expected, compactRevision, report })
    for (const stream of watch.streams) readStream(reader, stream)
    if (watch.completeTo !== undefined) reader.end(watch.completeTo)
    return found
  })
}

function readStream(reader: WatchReader, { startRevision, messages }: WatchStream): void {
  reader.begin(startRevision)
  for (const message of messages) {
    switch (message.type) {
      case 'created':
        reader.created(message.revision)
        break
      case 'events':
        reader.events(message.revision, message.events)
        break
      case 'progress':
        reader.progress(message.revision)
        break
      case 'canceled':
        reader.canceled(message.compactRevision)
    }
  }
}
