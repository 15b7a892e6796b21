/**
 * Turns what a leader knows about a follower into AppendEntries. Messages are built when the output
 * is taken, not when something happens, so that many proposals, acknowledgements and a new commit
 * index between two Readys make one message per follower, cut only by `maxAppendBytes`.
 *
 * Source: Raft §5.3; etcd: maybeSendAppend.
 */

import type { Core } from './core.js'
import { totalBytes, type Entry } from './entry.js'
import { invariant } from './invariant.js'
import type { Progress } from './progress.js'

const NO_ENTRIES: readonly Entry[] = []

export class AppendSender {
  readonly #core: Core

  constructor(core: Core) {
    this.#core = core
  }

  /** Whether `sendTo` would send anything. */
  isDue(progress: Progress): boolean {
    if (progress.nextIndex < this.#core.log.firstIndex) return false
    if (progress.state === 'probe') return !progress.isPaused
    return progress.appendDue || this.#hasEntriesFor(progress) || this.#hasNewsFor(progress)
  }

  sendTo(progress: Progress): void {
    // A follower behind the first index needs a snapshot; until then it only gets heartbeats.
    if (progress.nextIndex < this.#core.log.firstIndex) return
    if (progress.state === 'probe') {
      if (!progress.isPaused) this.#send(progress, this.#nextEntries(progress))
      return
    }
    while (this.#hasEntriesFor(progress)) this.#send(progress, this.#nextEntries(progress))
    // Every message above carried the commit index, so this adds one only if none went out.
    if (progress.appendDue || this.#hasNewsFor(progress)) this.#send(progress, NO_ENTRIES)
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

  #nextEntries({ nextIndex }: Progress): readonly Entry[] {
    const { log, config } = this.#core
    if (nextIndex > log.lastIndex) return NO_ENTRIES
    return log.entries(nextIndex, log.lastIndex + 1, config.maxAppendBytes)
  }

  #send(progress: Progress, entries: readonly Entry[]): void {
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
      entries,
      commitIndex: log.commitIndex,
    })
    progress.onSent(prevLogIndex + entries.length, totalBytes(entries), log.commitIndex)
  }
}
