/**
 * The leader's side of log replication, for one term of leadership: every follower's progress, what
 * their answers mean, and when an entry is committed.
 *
 * Invariants: the commit index moves only to an entry of the leader's own term that a quorum of
 * voters holds durably (Raft §5.4.2, Figure 8); the leader counts itself only as far as its own
 * disk (thesis §10.2.1); learners receive everything and count for nothing.
 */

import { AppendSender } from './append-sender.js'
import type { Core } from './core.js'
import { invariant } from './invariant.js'
import type {
  AppendEntriesAccepted,
  AppendEntriesRejected,
  HeartbeatResponse,
  MemberId,
} from './message.js'
import { Progress } from './progress.js'
import { quorumPosition } from './quorum.js'

/** etcd: readyPercentThreshold. */
const IN_SYNC_SHARE = 0.9

export class Replication {
  readonly #core: Core
  readonly #sender: AppendSender
  #followers: readonly Progress[] = []
  readonly #firstOwnIndex: number

  /** `firstOwnIndex`: where the leader's no-op is about to be appended. */
  constructor(core: Core, firstOwnIndex: number) {
    this.#core = core
    this.#sender = new AppendSender(core)
    this.#firstOwnIndex = firstOwnIndex
    this.adoptMembership(0)
  }

  /**
   * Follows the membership in force: what is known of those who stay is kept, those who are gone are
   * forgotten, and newcomers are asked first about the end of the log. They count as heard now, or
   * CheckQuorum could end the leadership before they have had a chance to answer.
   */
  adoptMembership(nowTick: number): void {
    const { config, log, state } = this.#core
    this.#followers = [...state.voters, ...state.learners]
      .filter((id) => id !== state.id)
      .map((id) => {
        const known = this.follower(id)
        if (known !== undefined) return known
        const progress = new Progress(id, log.lastIndex + 1, config)
        progress.lastHeardTick = nowTick
        return progress
      })
  }

  get followers(): readonly Progress[] {
    return this.#followers
  }

  /** Clusters are small: a scan beats a map. Undefined for strangers and for the leader itself. */
  follower(id: MemberId): Progress | undefined {
    return this.#followers.find((progress) => progress.id === id)
  }

  /** Of another member of the membership in force. */
  known(id: MemberId): Progress {
    const progress = this.follower(id)
    invariant(progress !== undefined, `the leader knows how far ${id} has got`)
    return progress
  }

  /** Whether the leader knows the commit index of its predecessors: its own entry says so (§8). */
  get hasCommittedOwnEntry(): boolean {
    return this.#core.log.commitIndex >= this.#firstOwnIndex
  }

  /** Whether a learner has nearly caught up, so that it will not hold up commits as a voter. */
  isInSync(id: MemberId): boolean {
    const { state, matchIndex } = this.known(id)
    return state === 'replicate' && matchIndex >= IN_SYNC_SHARE * this.#core.log.lastIndex
  }

  /** Whether a member has acknowledged the whole log. */
  isComplete(id: MemberId): boolean {
    return this.known(id).matchIndex === this.#core.log.lastIndex
  }

  /** Asks a member at once how far it has got, instead of waiting for its next answer. */
  hasten(id: MemberId): void {
    const progress = this.known(id)
    progress.resumeProbe()
    progress.appendDue = true
  }

  /** The voter, other than the leader, that holds most of the log. */
  get mostCompleteVoter(): MemberId {
    const { state } = this.#core
    const [best] = state.voters
      .filter((id) => id !== state.id)
      .map((id) => this.known(id))
      .sort((a, b) => b.matchIndex - a.matchIndex)
    invariant(best !== undefined, 'there is another voter')
    return best.id
  }

  onAccepted({ from, matchIndex }: AppendEntriesAccepted): void {
    const progress = this.follower(from)
    invariant(matchIndex <= this.#core.log.lastIndex, `${from} acknowledged what was never sent`)
    if (progress?.onAccepted(matchIndex, this.#core.log.firstIndex) === true) this.advanceCommit()
  }

  onRejected({ from, prevLogIndex, hintIndex, hintTerm }: AppendEntriesRejected): void {
    const hint = this.#core.log.newestAtOrBelow(hintIndex, hintTerm)
    this.follower(from)?.onRejected(prevLogIndex, hint.index)
  }

  /**
   * A follower that answers heartbeats may still have lost a probe or the entries sent last, and no
   * answer to them will ever come. If it made no progress since the last timed heartbeat, it is
   * asked by another AppendEntries, if need be an empty one.
   *
   * Deviation: etcd asks at every answer. Heartbeats also carry reads here, and under many reads
   * that would double the traffic of a healthy follower.
   */
  onHeartbeatResponse({ from }: HeartbeatResponse): void {
    const progress = this.follower(from)
    if (progress === undefined || progress.matchIndex !== progress.matchIndexAtHeartbeat) return
    progress.matchIndexAtHeartbeat = -1
    progress.resumeProbe()
    if (progress.matchIndex < this.#core.log.lastIndex) progress.appendDue = true
  }

  /** Messages to `id` were lost: what is in flight is better sent again after a probe. */
  onUnreachable(id: MemberId): void {
    const progress = this.follower(id)
    if (progress?.state === 'replicate') progress.becomeProbe()
  }

  /** The sending of a snapshot to `id` has ended; see `Progress.onSnapshotSent`. */
  onSnapshotSent(id: MemberId, index: number | undefined): void {
    this.follower(id)?.onSnapshotSent(index)
  }

  /** Commits what a quorum holds; false if that is nothing new. */
  advanceCommit(): boolean {
    const { log, state } = this.#core
    const held = quorumPosition(state.voters, (id) => this.#matchIndexOf(id))
    // Entries from `firstOwnIndex` on are exactly those of the leader's own term.
    if (held < this.#firstOwnIndex || held <= log.commitIndex) return false
    invariant(log.term(held) === state.term, 'only entries of the own term commit by counting')
    log.commitTo(held)
    return true
  }

  get hasAppendsToSend(): boolean {
    return this.#followers.some((progress) => this.#sender.isDue(progress))
  }

  sendAppends(): void {
    for (const progress of this.#followers) this.#sender.sendTo(progress)
  }

  #matchIndexOf(id: MemberId): number {
    const { log, state } = this.#core
    return id === state.id ? log.durableIndex : this.known(id).matchIndex
  }
}
