/**
 * A cluster of cores with a network and disks that fail on command: messages are lost, repeated and
 * overtake each other, members crash and lose the writes in flight, and the network parts. Every
 * event passes the safety checker. Nothing here draws a number: the caller decides all.
 */

import type { RaftOptions } from './config.js'
import type { Entry } from './entry.js'
import { MemoryLog } from './memory-log.test-support.js'
import type { MembershipChange } from './membership-change.js'
import type { Message } from './message.js'
import { Raft } from './raft.js'
import type { Ready } from './ready.js'
import { dataOf, SafetyChecker, type ObservedMember } from './simulation-checker.test-support.js'
import type { Snapshot } from './snapshot.js'

const NO_CONTEXT = new Uint8Array(0)

export class SimulatedMember implements ObservedMember {
  readonly id: string
  readonly log: MemoryLog
  volatileLog: Entry[] = []
  raft: Raft | undefined
  appliedIndex = 0
  incarnation = 0
  lastTerm = 0
  lastCommitIndex = 0
  readonly reads = new Set<number>()
  /** The durable entries that the log has been compacted to do without. */
  #archive: readonly Entry[] = []
  /** Voters of the membership in force, and of the one before. */
  voterSets: (readonly string[])[] = []

  constructor(id: string, log: MemoryLog) {
    this.id = id
    this.log = log
  }

  get durableLog(): readonly Entry[] {
    return [...this.#archive, ...this.log.all]
  }

  /** Its state is made durable, and the log cut below it. */
  compact(index: number): void {
    if (index < this.log.firstIndex()) return
    const archive = this.durableLog.slice(0, index)
    this.log.compact(index)
    this.#archive = archive
  }

  /** A snapshot is durable: it stands for `entries`. */
  restore(entries: readonly Entry[]): void {
    this.#archive = entries
    this.appliedIndex = entries.length
  }

  get durableTerm(): number {
    return this.log.hardState.term
  }

  get durableVote(): string | undefined {
    return this.log.hardState.votedFor
  }
}

export interface ClusterOptions {
  readonly voters: readonly string[]
  readonly learners?: readonly string[]
  /** Members that may join: they run, and belong to nothing yet. */
  readonly spares?: readonly string[]
  readonly limits?: Partial<RaftOptions>
}

export class SimulatedCluster {
  readonly checker: SafetyChecker
  readonly members: SimulatedMember[]
  readonly hasSpares: boolean
  network: Message[] = []
  readonly #limits: Partial<RaftOptions>
  readonly #commands = new Map<string, string>()
  readonly #refusedCommands: string[] = []
  #isCut: (from: string, to: string) => boolean = () => false
  readonly #slowDisks = new Set<string>()
  #nextRef = 1

  constructor({ voters, learners = [], spares = [], limits = {} }: ClusterOptions) {
    this.checker = new SafetyChecker()
    this.#limits = limits
    this.hasSpares = spares.length > 0
    this.members = [...voters, ...learners, ...spares].map(
      (id) => new SimulatedMember(id, new MemoryLog({ voters, learners })),
    )
    for (const member of this.members) this.start(member, 0)
  }

  /** Starts a member whose state machine had applied `appliedIndex`. */
  start(member: SimulatedMember, appliedIndex: number): void {
    if (member.raft !== undefined) return
    member.incarnation += 1
    const durableIndex = member.log.firstIndex() - 1
    member.appliedIndex = Math.max(durableIndex, Math.min(appliedIndex, member.appliedIndex))
    member.volatileLog = [...member.durableLog]
    member.lastCommitIndex = member.appliedIndex
    member.lastTerm = member.durableTerm
    const { id, incarnation } = member
    const seed = Number(id) + 100 * incarnation
    const options = { electionTicks: 5, ...this.#limits, appliedIndex: member.appliedIndex }
    member.raft = new Raft({ id, seed, ...options }, member.log)
    const memberships = member.log.initialState().memberships.slice(-2).reverse()
    member.voterSets = memberships.map(({ membership }) => membership.voters)
  }

  crash(member: SimulatedMember): void {
    member.raft = undefined
    member.log.crash()
    for (const ref of member.reads) this.checker.onReadForgotten(ref)
    member.reads.clear()
  }

  /** Messages are lost between those for whom `isCut` holds. */
  cut(isCut: (from: string, to: string) => boolean): void {
    this.#isCut = isCut
  }

  /** Cuts the named members off from the others; they still reach each other. */
  partition(ids: readonly string[]): void {
    this.cut((from, to) => ids.includes(from) !== ids.includes(to))
  }

  /** A slow disk completes writes only one at a time, when `completeWrite` is called. */
  toggleSlowDisk({ id }: SimulatedMember): void {
    if (!this.#slowDisks.delete(id)) this.#slowDisks.add(id)
  }

  /** The member that leads in the latest term, if there is one. */
  get leader(): SimulatedMember | undefined {
    let newest: SimulatedMember | undefined
    for (const member of this.members) {
      if (member.raft?.status.role !== 'leader') continue
      if (newest === undefined || member.lastTerm > newest.lastTerm) newest = member
    }
    return newest
  }

  /** The clocks and the network of all but `stalled` run on until somebody else leads. */
  usurp(stalled: SimulatedMember): void {
    this.partition([stalled.id])
    for (let tick = 0; tick < 25; tick += 1) {
      for (const member of this.members) if (member !== stalled) this.tick(member)
      this.runRound()
      if (this.leader !== undefined && this.leader !== stalled) break
    }
  }

  tick(member: SimulatedMember): void {
    member.raft?.tick()
    this.#observe(member)
  }

  /** Proposes a command that nobody else proposes. How it is seen in a log, if it was not refused. */
  propose(member: SimulatedMember, payloadBytes = 0): string | undefined {
    const ref = this.#nextRef
    this.#nextRef += 1
    const command = new Uint8Array(3 + payloadBytes)
    command.set([Number(member.id), ref & 0xff, (ref >> 8) & 0xff])
    const result = member.raft?.propose([command], ref)
    const seen = `command ${command.join(',')}`
    const isRefused = result === 'noLeader' || result === 'tooManyUncommitted'
    if (isRefused) this.#refusedCommands.push(seen)
    else this.#commands.set(`${member.id}/${ref}`, seen)
    this.#observe(member)
    return isRefused || result === undefined ? undefined : seen
  }

  /** Asks a leader for a change that may well be refused. */
  changeMembership(member: SimulatedMember, change: MembershipChange): void {
    member.raft?.changeMembership(change, NO_CONTEXT)
    this.#observe(member)
  }

  transfer(member: SimulatedMember, to: string): void {
    member.raft?.transferLeadership(to)
    this.#observe(member)
  }

  /** Cuts the log of a member at `index`, or below what it has applied. */
  compact(member: SimulatedMember, index: number): void {
    if (member.raft === undefined) return
    member.compact(Math.min(index, member.appliedIndex))
  }

  read(member: SimulatedMember): void {
    if (member.raft === undefined) return
    const ref = this.#nextRef
    this.#nextRef += 1
    this.checker.onReadAsked(ref)
    member.reads.add(ref)
    member.raft.readIndex(ref)
  }

  /** Takes and carries out one Ready; its write stays in flight. */
  processReady(member: SimulatedMember): boolean {
    if (member.raft?.hasReady() !== true) return false
    const ready = member.raft.ready()
    if (ready.membership !== undefined) {
      member.voterSets = [ready.membership.membership.voters, member.voterSets[0]!]
    }
    if (ready.append !== undefined) {
      this.#recordSnapshot(member, ready.append.snapshot)
      this.#recordAppend(member, ready.append.entries)
      member.log.begin(ready.append)
    }
    this.checker.onMembership(member, member.raft.membership.membership)
    this.checker.onStatus(member, member.raft.status)
    this.checker.onCommit(member, member.raft.status, this.members)
    this.#send(member, ready.messages)
    for (const to of ready.snapshotsToSend) {
      this.#send(member, [member.raft.installSnapshotMessage(to, member.appliedIndex)!])
    }
    this.#apply(member, ready.committed)
    for (const { ref, index } of ready.readStates) {
      member.reads.delete(ref)
      this.checker.onReadAnswered(ref, index)
    }
    for (const ref of ready.droppedReads) {
      member.reads.delete(ref)
      this.checker.onReadDropped(ref)
    }
    for (const ref of ready.droppedProposals) {
      this.#refusedCommands.push(this.#commands.get(`${member.id}/${ref}`)!)
    }
    return true
  }

  /** The oldest write becomes durable. */
  completeWrite(member: SimulatedMember): boolean {
    if (member.raft === undefined) return false
    const append = member.log.complete()
    if (append === undefined) return false
    if (append.snapshot !== undefined) {
      member.restore(this.checker.committed.slice(0, append.snapshot.index))
      this.checker.counts.snapshots += 1
    }
    this.#send(member, append.messages)
    member.raft.onAppended(append.term, append.index)
    this.#observe(member)
    return true
  }

  /** Delivers the message at `position` of the network; with `keep` it stays there as well. */
  deliver(position: number, keep = false): void {
    if (this.network.length === 0) return
    const at = position % this.network.length
    const message = this.network[at]!
    // A repeated forwarded proposal would be a second proposal: transports carry it at most once.
    if (!keep || message.type === 'forwardProposal') this.network.splice(at, 1)
    const member = this.members.find(({ id }) => id === message.to)!
    const arrives = member.raft !== undefined && !this.#isCut(message.from, message.to)
    if (arrives) {
      member.raft?.step(message)
      this.#observe(member)
    }
    this.#reportSnapshot(message, arrives)
  }

  drop(position: number): void {
    const [message] = this.network.splice(position % Math.max(1, this.network.length), 1)
    if (message !== undefined) this.#reportSnapshot(message, false)
  }

  /** A driver says what became of each snapshot, unless it crashed meanwhile. */
  #reportSnapshot(message: Message, arrived: boolean): void {
    if (message.type !== 'installSnapshot') return
    const sender = this.members.find(({ id }) => id === message.from)!
    sender.raft?.reportSnapshot(message.to, arrived ? message.snapshot.index : undefined)
    this.#observe(sender)
  }

  /** One round in which everything works: all that waits is processed, written and delivered. */
  runRound(): boolean {
    let isBusy = false
    for (const member of this.members) {
      while (this.processReady(member)) isBusy = true
      if (this.#slowDisks.has(member.id)) continue
      while (this.completeWrite(member)) isBusy = true
    }
    for (let left = this.network.length; left > 0; left -= 1) {
      this.deliver(0)
      isBusy = true
    }
    return isBusy
  }

  /** Refused proposals were appended nowhere. */
  checkRefusals(): void {
    for (const command of this.#refusedCommands) {
      if (this.checker.commandsSeen.has(command))
        throw new Error(`refused but appended: ${command}`)
    }
  }

  /** Everybody is up and connected: there must be one leader, equal logs and answered reads. */
  heal(): void {
    this.partition([])
    this.#slowDisks.clear()
    for (const member of this.members) this.start(member, member.appliedIndex)
    const isSettled = (): boolean => {
      const leaders = this.members.filter(({ raft }) => raft?.status.role === 'leader')
      const leader = leaders[0]
      return (
        leaders.length === 1 &&
        leader !== undefined &&
        this.#belongingTo(leader).every(
          ({ raft, appliedIndex }) =>
            raft?.status.leaderId === leader.id && appliedIndex === leader.volatileLog.length,
        )
      )
    }
    this.#runUntil(isSettled, 'no agreement after healing')
    const proposer = this.#belongingTo(this.leader!).at(-1)!
    const commitFloor = this.checker.committed.length
    this.propose(proposer)
    this.read(proposer)
    this.#runUntil(
      () => proposer.reads.size === 0 && this.checker.committed.length > commitFloor && isSettled(),
      'no progress after healing',
    )
    const [first, ...others] = this.#belongingTo(this.leader!).map(({ durableLog }) =>
      durableLog.map(dataOf).join(' '),
    )
    for (const log of others) if (log !== first) throw new Error('logs differ')
  }

  /** Who was removed, or never joined, need not hear of anything. */
  #belongingTo(leader: SimulatedMember): SimulatedMember[] {
    const { voters, learners } = leader.raft!.membership.membership
    return this.members.filter(({ id }) => voters.includes(id) || learners.includes(id))
  }

  #runUntil(isDone: () => boolean, complaint: string): void {
    for (let tick = 0; tick < 200; tick += 1) {
      while (this.runRound());
      if (isDone()) return
      for (const member of this.members) this.tick(member)
    }
    throw new Error(`liveness: ${complaint}`)
  }

  #recordSnapshot(member: SimulatedMember, snapshot: Snapshot | undefined): void {
    if (snapshot === undefined) return
    this.checker.onRestore(member, snapshot)
    member.volatileLog = this.checker.committed.slice(0, snapshot.index)
  }

  #recordAppend(member: SimulatedMember, entries: readonly Entry[]): void {
    const first = entries[0]
    if (first === undefined) return
    const isTruncating = first.index <= member.volatileLog.length
    member.volatileLog = [...member.volatileLog.slice(0, first.index - 1), ...entries]
    this.checker.onAppend(member, entries, isTruncating)
  }

  #send(member: SimulatedMember, messages: readonly Message[]): void {
    for (const message of messages) {
      this.checker.onSend(member, message)
      this.network.push(message)
    }
  }

  #apply(member: SimulatedMember, committed: Ready['committed']): void {
    for (const entry of committed) {
      this.checker.onApply(member, entry, member.appliedIndex)
      member.appliedIndex = entry.index
    }
    if (committed.length > 0) member.raft?.onApplied(member.appliedIndex)
  }

  /** Between two Readys the core's log is ahead of what was seen of it; see `processReady`. */
  #observe(member: SimulatedMember): void {
    const { raft } = member
    if (raft === undefined) return
    const { status } = raft
    if (status.term < member.lastTerm) throw new Error(`safety: the term of ${member.id} fell`)
    if (status.commitIndex < member.lastCommitIndex) {
      throw new Error(`safety: the commit index of ${member.id} fell`)
    }
    member.lastTerm = status.term
    member.lastCommitIndex = status.commitIndex
  }
}
