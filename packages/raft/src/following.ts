/**
 * The follower's side of log replication: the consistency check, taking over entries, the commit
 * index, and the answers (Raft §5.3).
 *
 * Invariants: an acknowledgement leaves only when the entries and the term it speaks of are
 * durable; the commit index never passes the last entry that the leader's message vouched for.
 */

import { isHardStateDurable, type Core } from './core.js'
import { differs } from './fingerprint.js'
import { invariant } from './invariant.js'
import type { AppendEntries, Heartbeat, InstallSnapshot, MemberId } from './message.js'
import type { Roles } from './roles.js'

export class Following {
  readonly #core: Core
  readonly #roles: Roles

  constructor(core: Core, roles: Roles) {
    this.#core = core
    this.#roles = roles
  }

  onAppendEntries(message: AppendEntries): void {
    this.#roles.follow(message.from)
    const { log } = this.#core
    const { prevLogIndex, prevLogTerm, prevLogFingerprint, entries } = message
    if (!log.matches({ index: prevLogIndex, term: prevLogTerm })) {
      invariant(
        prevLogIndex > log.commitIndex,
        `the leader's log contradicts the committed entry ${prevLogIndex}`,
      )
      this.reject(message)
      return
    }
    if (prevLogFingerprint !== undefined) {
      const known = log.fingerprint(prevLogIndex)
      const isTheSame = known === undefined || known === prevLogFingerprint
      invariant(isTheSame, differs({ index: prevLogIndex, term: prevLogTerm }))
    }
    log.accept(entries)
    // What this member held beyond the message is the leader's only if the leader says so:
    // commit no further than the last entry checked here (Raft, Figure 2: "index of last new entry").
    const lastNewIndex = prevLogIndex + entries.length
    log.commitTo(Math.min(message.commitIndex, lastNewIndex))
    // The leader holds everything that is committed, so an old message may be answered with more.
    this.#accept(message.from, Math.max(lastNewIndex, log.commitIndex))
  }

  /**
   * A snapshot of what this log holds already only says that it is committed; one of what is
   * committed here says nothing. Otherwise it takes the place of the log (Raft §7, Figure 13).
   */
  onInstallSnapshot({ from, snapshot }: InstallSnapshot): void {
    this.#roles.follow(from)
    const { log } = this.#core
    if (snapshot.index > log.commitIndex) {
      if (log.matches(snapshot)) log.commitTo(snapshot.index)
      else log.restore(snapshot)
    }
    this.#accept(from, log.commitIndex)
  }

  onHeartbeat({ from, commitIndex, readPosition }: Heartbeat): void {
    this.#roles.follow(from)
    this.#core.log.commitTo(commitIndex)
    this.echo(from, readPosition)
  }

  /**
   * Answers that speak of nothing durable leave at once. The hint is the newest entry at which the
   * logs may agree, as far as this side can tell: no entry above it has a term the leader's log
   * could hold there (Raft §5.3; etcd: handleAppendEntries).
   */
  reject({ from, prevLogIndex, prevLogTerm }: AppendEntries): void {
    const { log, outbox, state } = this.#core
    const hint = log.newestAtOrBelow(prevLogIndex, prevLogTerm)
    outbox.send({
      type: 'appendEntriesRejected',
      from: state.id,
      to: from,
      term: state.term,
      prevLogIndex,
      hintIndex: hint.index,
      hintTerm: hint.term,
    })
  }

  /** An echo says only that this member has entered no later term yet, which needs no disk. */
  echo(to: string, readPosition: number): void {
    const { outbox, state } = this.#core
    const { id: from, term } = state
    outbox.send({ type: 'heartbeatResponse', from, to, term, readPosition })
  }

  #accept(to: MemberId, matchIndex: number): void {
    const { log, outbox, state } = this.#core
    const { id: from, term } = state
    const message = { type: 'appendEntriesAccepted', from, to, term, matchIndex } as const
    if (matchIndex <= log.durableIndex && isHardStateDurable(this.#core)) outbox.send(message)
    else outbox.sendWhenDurable(message)
  }
}
