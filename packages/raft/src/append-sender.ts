/**
 * Turns what a leader knows about a follower into AppendEntries. Messages are built when the output
 * is taken, not when something happens, so that many proposals, acknowledgements and a new commit
 * index between two Readys make one message per follower, cut only by `maxAppendBytes`.
 *
 * A follower that needs what is compacted away gets a snapshot instead (Raft §7).
 *
 * Source: Raft §5.3; etcd: maybeSendAppend.
 */

import type { Core } from './core.js'
import { totalBytes, type Entry } from './entry.js'
import { invariant } from './invariant.js'
import type { Progress } from './progress.js'

/** Entries from `from` on, cut from a log that ended at `lastIndex`. */
interface EntryRun {
  readonly from: number
  readonly lastIndex: number
  readonly entries: readonly Entry[]
  readonly bytes: number
}

const NOTHING: EntryRun = { from: 0, lastIndex: 0, entries: [], bytes: 0 }

export class AppendSender {
  readonly #core: Core
  /** A leader's log only grows, so followers at the same place can share what was cut for one. */
  #latestRun = NOTHING

  constructor(core: Core) {
    this.#core = core
  }

  /** Whether `sendTo` would send anything. */
  isDue(progress: Progress): boolean {
    if (this.#needsSnapshot(progress)) return this.#mayStartSnapshot(progress)
    if (progress.state === 'probe') return !progress.isPaused
    return progress.appendDue || this.#hasEntriesFor(progress) || this.#hasNewsFor(progress)
  }

  sendTo(progress: Progress): void {
    if (this.#needsSnapshot(progress)) {
      if (this.#mayStartSnapshot(progress)) {
        progress.becomeSnapshot()
        this.#core.outbox.snapshotsToSend.add(progress.id)
      }
      return
    }
    if (progress.state === 'probe') {
      if (!progress.isPaused) this.#send(progress, this.#nextRun(progress))
      return
    }
    while (this.#hasEntriesFor(progress)) this.#send(progress, this.#nextRun(progress))
    // Every message above carried the commit index, so this adds one only if none went out.
    if (progress.appendDue || this.#hasNewsFor(progress)) this.#send(progress, NOTHING)
  }

  /** Not even the entry before the next one is known here any more. */
  #needsSnapshot({ nextIndex }: Progress): boolean {
    return nextIndex < this.#core.log.firstIndex
  }

  /** Whatever is in flight to a follower that replicates, it ends before what is still here. */
  #mayStartSnapshot(progress: Progress): boolean {
    return progress.state === 'replicate' || !progress.isPaused
  }

  #hasEntriesFor(progress: Progress): boolean {
    return !progress.isPaused && progress.nextIndex <= this.#core.log.lastIndex
  }

  /** Whether the follower holds entries that it does not know to be committed. */
  #hasNewsFor(progress: Progress): boolean {
    if (progress.isPaused) return false
    const known = Math.min(this.#core.log.commitIndex, progress.nextIndex - 1)
    return progress.sentCommitIndex < known
  }

  #nextRun({ nextIndex: from }: Progress): EntryRun {
    const { log, config } = this.#core
    const { lastIndex } = log
    if (from > lastIndex) return NOTHING
    if (this.#latestRun.from !== from || this.#latestRun.lastIndex !== lastIndex) {
      const entries = log.entries(from, lastIndex + 1, config.maxAppendBytes)
      this.#latestRun = { from, lastIndex, entries, bytes: totalBytes(entries) }
    }
    return this.#latestRun
  }

  #send(progress: Progress, { entries, bytes }: EntryRun): void {
    const { log, state, outbox } = this.#core
    const prevLogIndex = progress.nextIndex - 1
    invariant(prevLogIndex <= log.lastIndex, 'a leader sends only what follows its own log')
    outbox.send({
      type: 'appendEntries',
      from: state.id,
      to: progress.id,
      term: state.term,
      prevLogIndex,
      prevLogTerm: log.term(prevLogIndex),
      ...(progress.state === 'probe' && { prevLogFingerprint: log.fingerprint(prevLogIndex) }),
      entries,
      commitIndex: log.commitIndex,
    })
    progress.onSent(prevLogIndex + entries.length, bytes, log.commitIndex)
  }
}
