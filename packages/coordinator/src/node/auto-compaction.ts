/**
 * Compacts by itself, so that history does not grow for ever: all that is older than a period, or all
 * but so many revisions (etcd: v3compactor). Only the leader does; every member looks on, so that a new
 * leader knows what is how old.
 */

import type { Cancel, Clock } from '../time/clock.js'

export type CompactionPolicy =
  /** What was the newest so long ago, and all after it, can be read. */
  | { readonly mode: 'periodic'; readonly periodMs: number }
  /** So many revisions can be read, and a few minutes' more. */
  | { readonly mode: 'revision'; readonly revisions: number }

const HOUR_MS = 3_600_000
/** Longer periods are served once an hour. */
const MAX_INTERVAL_MS = HOUR_MS
/** Of the time between two compactions, how often the revision is noted. */
const NOTES_PER_INTERVAL = 10
const REVISION_LOOK_MS = 5 * 60_000

export interface AutoCompactionOptions {
  readonly policy: CompactionPolicy
  readonly revision: () => number
  readonly leads: () => boolean
  /** Resolves when it is done, or had been done; rejects when it should be tried again. */
  readonly compact: (revision: number) => Promise<void>
  readonly clock: Pick<Clock, 'nowMs' | 'every'>
}

export class AutoCompaction {
  readonly #options: AutoCompactionOptions
  /** The revisions of the looks that lie within the period, oldest first. */
  readonly #noted: number[] = []
  #compactedTo = 0
  #lastSuccessMs: number
  #hasCompacted = false
  #isBusy = false
  #stop: Cancel = () => undefined

  constructor(options: AutoCompactionOptions) {
    this.#options = options
    this.#lastSuccessMs = options.clock.nowMs()
  }

  start(): void {
    const { policy, clock } = this.#options
    if (policy.mode === 'revision') {
      this.#stop = clock.every(REVISION_LOOK_MS, () => this.#lookAtRevisions(policy.revisions))
      return
    }
    const lookMs = intervalOf(policy.periodMs) / NOTES_PER_INTERVAL
    this.#noted.push(this.#options.revision())
    this.#stop = clock.every(lookMs, () => this.#lookAtTime(policy.periodMs, lookMs))
  }

  close(): void {
    this.#stop()
  }

  #lookAtRevisions(kept: number): void {
    const revision = this.#options.revision() - kept
    if (this.#options.leads()) this.#compact(revision)
  }

  #lookAtTime(periodMs: number, lookMs: number): void {
    const { clock, leads, revision } = this.#options
    const oldest = this.#noted[0] ?? 0
    // The first time the whole period has to pass.
    const waitMs = this.#hasCompacted ? intervalOf(periodMs) : periodMs
    const isDue = clock.nowMs() - this.#lastSuccessMs >= waitMs
    if (leads() && isDue) this.#compact(oldest)
    this.#noted.push(revision())
    if (this.#noted.length > periodMs / lookMs) this.#noted.shift()
  }

  #compact(revision: number): void {
    if (revision <= this.#compactedTo || revision <= 1 || this.#isBusy) return
    this.#isBusy = true
    const { compact, clock } = this.#options
    const succeeded = (): void => {
      this.#compactedTo = revision
      this.#hasCompacted = true
      this.#lastSuccessMs = clock.nowMs()
    }
    compact(revision)
      // The next look tries again.
      .then(succeeded, () => undefined)
      .finally(() => (this.#isBusy = false))
  }
}

function intervalOf(periodMs: number): number {
  return Math.min(periodMs, MAX_INTERVAL_MS)
}
