/**
 * A cluster of cores with a network and disks that fail on command: messages are lost, repeated,
 * held back and overtake each other, members crash, stall and lose the writes in flight, and the
 * network parts, both ways or one way. Every event passes the safety checker. Nothing here draws a
 * number: the caller decides all.
 */

import type { RaftOptions } from './config.js'
import type { Entry } from './entry.js'
import { dataOf } from './invariants/observed-member.test-support.js'
import type { MembershipChange } from './membership-change.js'
import { MemoryLog } from './memory-log.test-support.js'
import type { Message } from './message.js'
import { Raft } from './raft.js'
import type { Ready } from './ready.js'
import { SimulatedMember } from './simulated-member.test-support.js'
import { SafetyChecker } from './simulation-checker.test-support.js'
import type { Snapshot } from './snapshot.js'

export { SimulatedMember }

const NO_CONTEXT = new Uint8Array(0)
/** 40 election timeouts: so many split votes in a row are a bug and no bad luck. */
const MAX_TICKS_TO_SETTLE = 200
/** A follower that lacks everything, by one entry a message, takes some hundreds. */
const MAX_ROUNDS_A_TICK = 5_000

export interface ClusterOptions {
  readonly voters: readonly string[]
  readonly learners?: readonly string[]
  /** Members that may join: they run, and belong to nothing yet. */
  readonly spares?: readonly string[]
  readonly limits?: Partial<RaftOptions>
  /** Of the members' election timeouts. */
  readonly seed?: number
}

/** Is told of every message, write, applied entry and change of a status, in their order. */
export type Trace = (what: string, id: string, content: unknown) => void

export class SimulatedCluster {
  readonly checker: SafetyChecker
  readonly members: SimulatedMember[]
  readonly hasSpares: boolean
  network: Message[] = []
  readonly #limits: Partial<RaftOptions>
  readonly #seed: number
  readonly #trace: Trace | undefined
  readonly #heldBack: Message[] = []
  readonly #commands = new Map<string, string>()
  readonly #refusedCommands: string[] = []
  #isCut: ((from: string, to: string) => boolean) | undefined
  readonly #oneWayCuts = new Set<string>()
  readonly #slowDisks = new Set<string>()
  /** With the ticks that each has missed. */
  readonly #stalled = new Map<string, number>()
  #nextRef = 1

  constructor(
    { voters, learners = [], spares = [], limits = {}, seed = 0 }: ClusterOptions,
    trace?: Trace,
  ) {
    this.#limits = { electionTicks: 5, maxAppendBytes: 1_000_000, ...limits }
    this.#seed = seed
    this.#trace = trace
    this.hasSpares = spares.length > 0
    this.members = [...voters, ...learners, ...spares].map(
      (id) => new SimulatedMember(id, new MemoryLog({ voters, learners })),
    )
    this.checker = new SafetyChecker({
      members: this.members,
      initial: { voters, learners },
      electionTicks: this.#limits.electionTicks!,
      maxAppendBytes: this.#limits.maxAppendBytes!,
    })
    for (const member of this.members) this.start(member, 0)
  }

  /** Starts a member whose state machine had applied `appliedIndex`. */
  start(member: SimulatedMember, appliedIndex: number): void {
    if (member.raft !== undefined) return
    member.incarnation += 1
    const durableIndex = member.log.firstIndex() - 1
    member.appliedIndex = Math.max(durableIndex, Math.min(appliedIndex, member.appliedIndex))
    member.volatileLog = member.durableLog
    member.lastCommitIndex = member.appliedIndex
    member.shownCommitIndex = member.appliedIndex
    member.lastTerm = member.durableTerm
    const { id, incarnation } = member
    const seed = Number(id) + 100 * incarnation + 10_000 * this.#seed
    const options = { ...this.#limits, appliedIndex: member.appliedIndex }
    member.raft = new Raft({ id, seed, ...options }, member.log)
    const memberships = member.log.initialState().memberships.slice(-2).reverse()
    member.voterSets = memberships.map(({ membership }) => membership.voters)
  }

  crash(member: SimulatedMember): void {
    if (member.log.writesInFlight > 0) this.checker.counts.crashesWhileWriting += 1
    member.raft = undefined
    member.wasLeader = false
    member.log.crash()
    this.#stalled.delete(member.id)
    for (const ref of member.reads) this.checker.onReadForgotten(ref)
    member.reads.clear()
  }

  /** Messages are lost between those for whom `isCut` holds. */
  cut(isCut: (from: string, to: string) => boolean): void {
    this.#isCut = isCut
  }

  /** Cuts the named members off from the others; they still reach each other. */
  partition(ids: readonly string[]): void {
    this.#oneWayCuts.clear()
    this.#isCut =
      ids.length === 0 ? undefined : (from, to) => ids.includes(from) !== ids.includes(to)
  }

  /** Messages from one to another are lost, but not those the other way. */
  cutOneWay(from: string, to: string): void {
    this.#oneWayCuts.add(`${from}>${to}`)
  }

  get isParted(): boolean {
    return this.#isCut !== undefined || this.#oneWayCuts.size > 0
  }

  /** A slow disk completes writes only one at a time, when `completeWrite` is called. */
  toggleSlowDisk({ id }: SimulatedMember): void {
    if (!this.#slowDisks.delete(id)) this.#slowDisks.add(id)
  }

  /** The member does nothing and hears nothing; what is sent to it waits. */
  stall({ raft, id }: SimulatedMember): void {
    if (raft !== undefined && !this.#stalled.has(id)) this.#stalled.set(id, 0)
  }

  /** It reads its inbox first, and then counts what it has missed of the time: see DESIGN.md. */
  resume(member: SimulatedMember): void {
    const missedTicks = this.#stalled.get(member.id)
    if (missedTicks === undefined) return
    this.#stalled.delete(member.id)
    const inbox = this.network.filter(({ to }) => to === member.id)
    this.network = this.network.filter(({ to }) => to !== member.id)
    for (const message of inbox) this.#arrive(member, message)
    if (missedTicks > 0) this.tick(member, missedTicks)
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

  tick(member: SimulatedMember, elapsedTicks = 1): void {
    const missedTicks = this.#stalled.get(member.id)
    if (missedTicks !== undefined) {
      this.#stalled.set(member.id, missedTicks + elapsedTicks)
      return
    }
    if (member.raft === undefined) return
    const before = member.raft.status
    member.raft.tick(elapsedTicks)
    this.checker.onTick(member, before, member.raft.status, elapsedTicks)
    this.#observe(member)
  }

  campaign(member: SimulatedMember): void {
    member.raft?.campaign()
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
    const result = member.raft?.transferLeadership(to)
    if (result === 'started' && this.isParted) this.checker.counts.transfersUnderPartition += 1
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
    if (member.raft?.hasReady() !== true || this.#stalled.has(member.id)) return false
    this.#observe(member)
    const ready = member.raft.ready()
    member.termOfInput = 0
    if (ready.membership !== undefined) {
      member.voterSets = [ready.membership.membership.voters, member.voterSets[0]!]
    }
    if (ready.append !== undefined) {
      this.#trace?.('write', member.id, ready.append)
      this.#recordSnapshot(member, ready.append.snapshot)
      this.#recordAppend(member, ready.append.entries)
      member.log.begin(ready.append)
    }
    this.checker.onReady(member, member.raft.status, ready)
    this.#send(member, ready.messages)
    for (const to of ready.snapshotsToSend) {
      this.checker.counts.snapshotStates += 1
      this.#send(member, [member.raft.installSnapshotMessage(to, member.appliedIndex)!])
    }
    this.#apply(member, ready.committed)
    this.#answerReads(member, ready)
    for (const ref of ready.droppedProposals) {
      this.#refusedCommands.push(this.#commands.get(`${member.id}/${ref}`)!)
    }
    return true
  }

  /** The oldest write becomes durable. */
  completeWrite(member: SimulatedMember): boolean {
    if (member.raft === undefined || this.#stalled.has(member.id)) return false
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
    if (this.#stalled.has(message.to)) return
    // A repeated forwarded proposal would be a second proposal: transports carry it at most once.
    if (!keep || message.type === 'forwardProposal') this.network.splice(at, 1)
    this.#arrive(this.#receiver(message), message)
  }

  drop(position: number): void {
    const [message] = this.network.splice(position % Math.max(1, this.network.length), 1)
    if (message !== undefined) this.#reportSnapshot(message, false)
  }

  /** The message at `position` waits somewhere in the network; others that were sent later do not. */
  holdBack(position: number): void {
    const [message] = this.network.splice(position % Math.max(1, this.network.length), 1)
    if (message !== undefined) this.#heldBack.push(message)
  }

  /** What was held back goes on its way, in front of everything else. */
  releaseHeldBack(): void {
    this.checker.counts.lateMessages += this.#heldBack.length
    this.network.unshift(...this.#heldBack.splice(0))
  }

  /** One round in which everything works: all that waits is processed, written and delivered. */
  runRound(): boolean {
    let isBusy = false
    for (const member of this.members) {
      while (this.processReady(member)) isBusy = true
      if (this.#slowDisks.has(member.id)) continue
      while (this.completeWrite(member)) isBusy = true
    }
    const arriving = this.network
    this.network = []
    for (const message of arriving) {
      if (this.#stalled.has(message.to)) {
        this.network.push(message)
        continue
      }
      this.#arrive(this.#receiver(message), message)
      isBusy = true
    }
    return isBusy
  }

  /** Everybody does what it can by itself, and everything that is on its way to somebody is lost. */
  loseMessages(): void {
    for (const member of this.members) {
      while (this.processReady(member) || this.completeWrite(member));
    }
    while (this.network.length > 0) this.drop(0)
  }

  /** Refused proposals were appended nowhere. */
  checkRefusals(): void {
    for (const command of this.#refusedCommands) this.checker.checkRefused(command)
  }

  /** The network, the disks and the clocks work again, and what was held back arrives. */
  repair(): void {
    this.partition([])
    this.#slowDisks.clear()
    this.releaseHeldBack()
    for (const member of this.members) this.resume(member)
  }

  /** Everybody is up and connected: there must be one leader, equal logs and answered reads. */
  heal(): void {
    this.repair()
    for (const member of this.members) this.start(member, member.appliedIndex)
    this.runUntil(() => this.isSettled(), 'no agreement after healing')
    const proposer = this.#belongingTo(this.leader!).at(-1)!
    const commitFloor = this.checker.committed.length
    this.propose(proposer)
    this.read(proposer)
    const hasProgressed = (): boolean => this.checker.committed.length > commitFloor
    this.runUntil(() => hasProgressed() && this.isSettled(), 'no progress after healing')
    const [first, ...others] = this.#belongingTo(this.leader!).map(({ durableLog }) =>
      durableLog.map(dataOf).join(' '),
    )
    for (const log of others) if (log !== first) throw new Error('logs differ')
  }

  /** One leads, all who are up and belong to it have applied all of its log, and no read waits. */
  isSettled(): boolean {
    const up = this.members.filter(({ raft }) => raft !== undefined)
    const [leader, ...others] = up.filter(({ raft }) => raft!.status.role === 'leader')
    if (leader === undefined || others.length > 0) return false
    return (
      up.every(({ reads }) => reads.size === 0) &&
      this.#belongingTo(leader).every(
        ({ raft, appliedIndex }) =>
          raft === undefined ||
          (raft.status.leaderId === leader.id && appliedIndex === leader.volatileLog.length),
      )
    )
  }

  /** Runs, one tick of everybody after the other, until it is done. How many ticks that took. */
  runUntil(isDone: () => boolean, complaint: string): number {
    for (let ticks = 0; ticks < MAX_TICKS_TO_SETTLE; ticks += 1) {
      this.#runUntilQuiet()
      if (isDone()) return ticks
      for (const member of this.members) this.tick(member)
    }
    throw new Error(`liveness: ${complaint}`)
  }

  /** Until time must pass for anything to happen. */
  #runUntilQuiet(): void {
    for (let round = 0; round < MAX_ROUNDS_A_TICK; round += 1) if (!this.runRound()) return
    throw new Error('liveness: members talk without end')
  }

  /** Who was removed, or never joined, need not hear of anything. */
  #belongingTo(leader: SimulatedMember): SimulatedMember[] {
    const { voters, learners } = leader.raft!.membership.membership
    return this.members.filter(({ id }) => voters.includes(id) || learners.includes(id))
  }

  #receiver({ to }: Message): SimulatedMember {
    return this.members.find(({ id }) => id === to)!
  }

  #arrive(member: SimulatedMember, message: Message): void {
    const { from, to } = message
    const isCut = this.#isCut?.(from, to) === true || this.#oneWayCuts.has(`${from}>${to}`)
    const arrives = member.raft !== undefined && !isCut
    if (arrives) {
      const before = member.raft!.status
      member.raft!.step(message)
      this.checker.onDelivered(member, message, before, member.raft!.status)
      this.#observe(member)
    }
    this.#reportSnapshot(message, arrives)
  }

  /** A driver says what became of each snapshot, unless it crashed meanwhile. */
  #reportSnapshot(message: Message, arrived: boolean): void {
    if (message.type !== 'installSnapshot') return
    const sender = this.members.find(({ id }) => id === message.from)!
    sender.raft?.reportSnapshot(message.to, arrived ? message.snapshot.index : undefined)
    this.#observe(sender)
  }

  #recordSnapshot(member: SimulatedMember, snapshot: Snapshot | undefined): void {
    if (snapshot === undefined) return
    this.checker.onRestore(member, snapshot)
    member.volatileLog = this.checker.committed.slice(0, snapshot.index)
  }

  #recordAppend(member: SimulatedMember, entries: readonly Entry[]): void {
    const first = entries[0]
    if (first === undefined) return
    this.checker.beforeAppend(member, entries)
    member.volatileLog = [...member.volatileLog.slice(0, first.index - 1), ...entries]
    this.checker.afterAppend(member, entries)
  }

  #send(member: SimulatedMember, messages: readonly Message[]): void {
    for (const message of messages) {
      this.#trace?.('send', member.id, message)
      this.checker.onSend(member, message)
      this.network.push(message)
    }
  }

  #apply(member: SimulatedMember, committed: Ready['committed']): void {
    for (const entry of committed) {
      this.#trace?.('apply', member.id, entry.index)
      this.checker.onApply(member, entry)
      member.appliedIndex = entry.index
    }
    if (committed.length > 0) member.raft?.onApplied(member.appliedIndex)
  }

  #answerReads(member: SimulatedMember, { readStates, droppedReads }: Ready): void {
    for (const { ref, index } of readStates) {
      this.#trace?.('read', member.id, [ref, index])
      member.reads.delete(ref)
      this.checker.onReadAnswered(ref, index)
    }
    for (const ref of droppedReads) {
      member.reads.delete(ref)
      this.checker.onReadDropped(ref)
    }
  }

  /** Between two Readys the core's log is ahead of what was seen of it; see `processReady`. */
  #observe(member: SimulatedMember): void {
    if (member.raft === undefined) return
    const { status } = member.raft
    this.#trace?.('status', member.id, status)
    this.checker.onState(member, status)
  }
}
