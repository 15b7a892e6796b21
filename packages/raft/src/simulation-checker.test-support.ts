/**
 * The invariants together, each in its own file below `invariants/`, and the sightings. One call for
 * each thing that happens; an invariant that is violated throws.
 */

import type { Entry } from './entry.js'
import { BoundedMessages } from './invariants/bounded-messages.test-support.js'
import { CheckQuorum } from './invariants/check-quorum.test-support.js'
import { CommittedLog } from './invariants/committed-log.test-support.js'
import { DurableAcknowledgements } from './invariants/durable-acknowledgements.test-support.js'
import { DurableQuorum } from './invariants/durable-quorum.test-support.js'
import { DurableVotes } from './invariants/durable-votes.test-support.js'
import { ElectionSafety } from './invariants/election-safety.test-support.js'
import { LeaderAppendOnly } from './invariants/leader-append-only.test-support.js'
import { LeaderCompleteness } from './invariants/leader-completeness.test-support.js'
import { LogMatching } from './invariants/log-matching.test-support.js'
import { MembershipChanges } from './invariants/membership-changes.test-support.js'
import { check, isSame } from './invariants/observed-member.test-support.js'
import { PatientFollowers } from './invariants/patient-followers.test-support.js'
import { ReadFreshness } from './invariants/read-freshness.test-support.js'
import { RisingState } from './invariants/rising-state.test-support.js'
import { SnapshotOfCommitted } from './invariants/snapshot-of-committed.test-support.js'
import { StateMachineSafety } from './invariants/state-machine-safety.test-support.js'
import type { Membership, MembershipAt } from './membership.js'
import type { Message } from './message.js'
import type { Ready, Status } from './ready.js'
import type { SimulatedMember } from './simulated-member.test-support.js'
import { noSightings } from './simulation-sightings.test-support.js'
import type { Snapshot } from './snapshot.js'

export interface CheckerOptions {
  readonly members: readonly SimulatedMember[]
  readonly initial: Membership
  readonly electionTicks: number
  readonly maxAppendBytes: number
}

export class SafetyChecker {
  readonly counts = noSightings()
  readonly #members: readonly SimulatedMember[]
  readonly #log: CommittedLog
  readonly #electionSafety = new ElectionSafety()
  readonly #leaderAppendOnly = new LeaderAppendOnly()
  readonly #leaderCompleteness: LeaderCompleteness
  readonly #stateMachineSafety: StateMachineSafety
  readonly #logMatching = new LogMatching()
  readonly #durableVotes = new DurableVotes()
  readonly #durableAcknowledgements = new DurableAcknowledgements(this.#leaderAppendOnly)
  readonly #durableQuorum: DurableQuorum
  readonly #membershipChanges: MembershipChanges
  readonly #readFreshness: ReadFreshness
  readonly #snapshotOfCommitted: SnapshotOfCommitted
  readonly #risingState = new RisingState()
  readonly #checkQuorum: CheckQuorum
  readonly #patientFollowers = new PatientFollowers()
  readonly #boundedMessages: BoundedMessages

  constructor({ members, initial, electionTicks, maxAppendBytes }: CheckerOptions) {
    this.#members = members
    this.#log = new CommittedLog(initial)
    this.#leaderCompleteness = new LeaderCompleteness(this.#log)
    this.#stateMachineSafety = new StateMachineSafety(this.#log)
    this.#durableQuorum = new DurableQuorum(members)
    this.#membershipChanges = new MembershipChanges(this.#log)
    this.#readFreshness = new ReadFreshness(this.#log)
    this.#snapshotOfCommitted = new SnapshotOfCommitted(this.#log)
    this.#checkQuorum = new CheckQuorum(electionTicks)
    this.#boundedMessages = new BoundedMessages(maxAppendBytes)
  }

  /** Everything that is committed. */
  get committed(): readonly Entry[] {
    return this.#log.entries
  }

  /** The newest membership that is committed. */
  get committedMembership(): MembershipAt {
    return this.#log.newestMembership
  }

  /** After whatever happened to a member. */
  onState(member: SimulatedMember, status: Status): void {
    this.#risingState.onState(member, status)
    const isLeader = status.role === 'leader'
    // A leader may commit its own removal and go, in one step.
    if (isLeader || (member.wasLeader && status.term === member.lastTerm)) {
      this.#onLeader(member, status)
    }
    if (member.wasLeader && !isLeader) this.#onStepDown(member, status)
    member.wasLeader = isLeader
    member.lastTerm = status.term
    member.lastCommitIndex = status.commitIndex
  }

  /** A Ready was taken: the log is as `volatileLog` has it. */
  onReady(member: SimulatedMember, status: Status, { append, membership }: Ready): void {
    const appended = append?.entries ?? []
    if (status.role === 'leader' && appended.length > 0) {
      this.#leaderAppendOnly.onAppend(member, status.term, appended)
      this.#membershipChanges.onLeaderAppend(member, appended)
    }
    if (append !== undefined || membership !== undefined) {
      this.#membershipChanges.onReady(member, member.raft!.membership.membership)
    }
    this.#stateMachineSafety.onCommit(member, member.shownCommitIndex, status.commitIndex)
    member.shownCommitIndex = status.commitIndex
  }

  /** `entries` replace what the log, which is not changed yet, holds from the first of them on. */
  beforeAppend(member: SimulatedMember, entries: readonly Entry[]): void {
    const from = entries[0]!.index
    this.#stateMachineSafety.onAppend(member, entries, member.shownCommitIndex)
    if (from > member.volatileLog.length) return
    this.counts.truncations += 1
    if (from <= member.acknowledgedIndex) this.counts.acknowledgedTruncations += 1
    if (member.log.writesInFlight > 0) this.counts.truncationsInFlight += 1
    const gone = member.volatileLog.slice(from - 1)
    if (gone.some(({ kind }) => kind === 'membership')) this.counts.truncatedMemberships += 1
    member.acknowledgedIndex = Math.min(member.acknowledgedIndex, from - 1)
  }

  afterAppend(member: SimulatedMember, entries: readonly Entry[]): void {
    this.#logMatching.onAppend(member, entries)
  }

  /** What a member now must take over in place of its log, which is not changed yet. */
  onRestore(member: SimulatedMember, snapshot: Snapshot): void {
    this.#snapshotOfCommitted.onRestore(member, snapshot)
    const { index } = snapshot
    if (member.volatileLog.length >= index) this.counts.snapshotsOverConflict += 1
    member.shownCommitIndex = Math.max(member.shownCommitIndex, index)
    member.acknowledgedIndex = Math.min(member.acknowledgedIndex, index)
  }

  onApply(member: SimulatedMember, entry: Entry): void {
    this.#stateMachineSafety.onApply(member, entry, member.appliedIndex)
  }

  onSend(member: SimulatedMember, message: Message): void {
    if (message.type === 'appendEntries') {
      this.#leaderAppendOnly.onSend(message)
      this.#boundedMessages.onSend(message)
    }
    this.#durableVotes.onSend(member, message)
    this.#durableAcknowledgements.onSend(member, message)
    if (message.type !== 'appendEntriesAccepted') return
    member.acknowledgedIndex = Math.max(member.acknowledgedIndex, message.matchIndex)
  }

  onDelivered(member: SimulatedMember, message: Message, before: Status, after: Status): void {
    const { type, from, term } = message
    this.#checkQuorum.onHeard(member.id, from, term)
    this.#patientFollowers.onDelivered(member.id, message, after)
    if (member.termOfInput !== 0 && member.termOfInput !== after.term) this.counts.crossedTerms += 1
    member.termOfInput = after.term
    if (type === 'installSnapshot') {
      const { index } = message.snapshot
      const holdsIt = isSame(member.volatileLog[index - 1], this.#log.at(index))
      if (holdsIt && index > before.commitIndex) this.counts.needlessSnapshots += 1
    }
    if (type !== 'requestVote' || after.term !== term || before.role === 'leader') return
    const last = member.volatileLog.at(-1)
    const isBehind =
      message.lastLogTerm < (last?.term ?? 0) ||
      (message.lastLogTerm === last?.term && message.lastLogIndex < last.index)
    if (isBehind) this.counts.votesRefusedForLog += 1
  }

  onTick(member: SimulatedMember, before: Status, after: Status, elapsedTicks: number): void {
    this.#patientFollowers.onTick(member.id, before, after)
    if (after.role === 'leader') {
      this.#checkQuorum.onLeaderTick(member, after.term, elapsedTicks)
    } else if (before.role === 'leader') {
      this.counts.stepDownsWithoutQuorum += 1
    }
  }

  onReadAsked(ref: number): void {
    this.#readFreshness.onAsked(ref)
  }

  onReadAnswered(ref: number, index: number): void {
    this.#readFreshness.onAnswered(ref, index)
    this.counts.reads += 1
  }

  onReadDropped(ref: number): void {
    this.#readFreshness.onDropped(ref)
    this.counts.droppedReads += 1
  }

  onReadForgotten(ref: number): void {
    this.#readFreshness.onForgotten(ref)
  }

  checkRefused(command: string): void {
    this.#logMatching.checkRefused(command)
  }

  #onLeader(member: SimulatedMember, { term, commitIndex }: Status): void {
    if (this.#electionSafety.onLeader(member, term)) {
      this.#leaderCompleteness.onElected(member, term)
      this.#leaderAppendOnly.onElected(member, term)
      this.counts.elections += 1
      const open = member.volatileLog.slice(this.#log.length)
      if (open.some(({ kind }) => kind === 'membership')) this.counts.changesAtElection += 1
      if (this.#members.some(({ wasLeader, id }) => wasLeader && id !== member.id)) {
        this.counts.splitBrains += 1
      }
    }
    if (commitIndex <= this.#log.length) return
    if (member.durableAt(commitIndex)?.term !== term) this.counts.commitsBeforeOwnDisk += 1
    if (member.volatileLog[this.#log.length]?.term !== term) this.counts.commitsOfOlderTerms += 1
    for (let index = this.#log.length + 1; index <= commitIndex; index += 1) {
      const entry = member.volatileLog[index - 1]
      check(entry !== undefined, `${member.id} committed ${index}, which it never wrote`)
      this.#durableQuorum.onCommitted(member, entry)
      this.#leaderCompleteness.onCommitted(entry, term)
      if (entry.kind === 'membership') this.counts.memberships += 1
      this.#log.push(entry)
    }
  }

  #onStepDown(member: SimulatedMember, { term }: Status): void {
    if (term > member.lastTerm) this.counts.depositions += 1
    if (member.reads.size > 0) this.counts.readsAtStepDown += 1
    const { index, membership } = member.raft!.committedMembership
    const isRemoved = !membership.voters.includes(member.id)
    if (isRemoved && index === member.raft!.membership.index) this.counts.retirements += 1
  }
}
