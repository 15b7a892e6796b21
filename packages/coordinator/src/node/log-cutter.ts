/**
 * Cuts the log where nobody needs it any more: what a durable state holds can be given to a follower
 * as a snapshot. Some of it is kept all the same, because a follower that was away for a moment is
 * caught up from the log far more cheaply (etcd: SnapshotCatchUpEntries).
 */

export const KEPT_ENTRIES = 5_000
/** The log is cut by so many at a time: a cut is a transaction of the log's thread. */
export const ENTRIES_PER_CUT = 5_000

export interface LogCutterOptions {
  readonly log: { firstIndex(): number; cut(index: number): void }
  /** The state at this index survives a power loss. */
  readonly durableIndex: () => number
  /** The oldest snapshot on its way to a follower, which goes on behind it; Infinity if none. */
  readonly oldestSentIndex: () => number
  readonly keptEntries?: number
}

export class LogCutter {
  readonly #options: LogCutterOptions

  constructor(options: LogCutterOptions) {
    this.#options = options
  }

  tick(): void {
    const { log, durableIndex, oldestSentIndex, keptEntries = KEPT_ENTRIES } = this.#options
    const cut = Math.min(durableIndex(), oldestSentIndex()) - keptEntries
    if (cut - log.firstIndex() + 1 >= Math.min(ENTRIES_PER_CUT, keptEntries)) log.cut(cut)
  }
}
