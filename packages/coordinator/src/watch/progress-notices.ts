/**
 * Tells idle watchers that ask for it how far the store is (etcd §8.35): every ten minutes, and up to a
 * tenth of that later, another share of it for each watcher, so that those who came together, as after
 * a restart, are not all told at once.
 */

import type { Cancel, Clock } from '../time/clock.js'
import type { Watcher } from './watcher.js'

/** etcd: progressReportInterval. */
const INTERVAL_MS = 10 * 60 * 1000
const JITTER = 0.1
/** How often it is looked who is due. */
const LOOK_MS = 10_000
/** Who is idle for so long has been told. */
export const MAX_PROGRESS_MS = INTERVAL_MS * (1 + JITTER) + LOOK_MS

/** Its multiples, less their whole parts, lie evenly between 0 and 1, however many there are. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2

interface Schedule {
  readonly intervalMs: number
  dueMs: number
}

export class ProgressNotices {
  readonly #clock: Pick<Clock, 'nowMs' | 'every'>
  readonly #tell: (watcher: Watcher) => void
  readonly #schedules = new Map<Watcher, Schedule>()
  readonly #stop: Cancel
  #count = 0

  /** @param tell may leave it out, as when the watcher is behind */
  constructor(clock: Pick<Clock, 'nowMs' | 'every'>, tell: (watcher: Watcher) => void) {
    this.#clock = clock
    this.#tell = tell
    this.#stop = clock.every(LOOK_MS, () => this.#look())
  }

  add(watcher: Watcher): void {
    if (!watcher.request.progressNotify) return
    this.#count += 1
    const intervalMs = INTERVAL_MS * (1 + JITTER * ((this.#count * GOLDEN_RATIO) % 1))
    this.#schedules.set(watcher, { intervalMs, dueMs: this.#clock.nowMs() + intervalMs })
  }

  remove(watcher: Watcher): void {
    this.#schedules.delete(watcher)
  }

  close(): void {
    this.#stop()
    this.#schedules.clear()
  }

  #look(): void {
    const nowMs = this.#clock.nowMs()
    for (const [watcher, schedule] of this.#schedules) {
      if (schedule.dueMs > nowMs) continue
      schedule.dueMs += schedule.intervalMs
      this.#tell(watcher)
    }
  }
}
