/**
 * The global view over a simulated cluster, its disks and all its messages: it checks, one call per
 * event, what Raft promises (Raft, Figure 3) and what the core's own contract promises.
 */

import type { Entry } from './entry.js'
import { decodeMembership, type Membership } from './membership.js'
import type { AppendEntries, Message } from './message.js'
import { isQuorum } from './quorum.js'
import type { Status } from './ready.js'
import type { Snapshot } from './snapshot.js'

/** What the checker sees of one member. */
export interface ObservedMember {
  readonly id: string
  /** The log as the core has it, durable or not. */
  readonly volatileLog: readonly Entry[]
  /** What a crash would leave. */
  readonly durableLog: readonly Entry[]
  readonly durableTerm: number
  readonly durableVote: string | undefined
  /** Voters of the membership in force, and of the one before. */
  readonly voterSets: readonly (readonly string[])[]
}

function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`safety: ${message}`)
}

export function dataOf(entry: Entry): string {
  return `${entry.kind} ${entry.data.join(',')}`
}

function isSame(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a === b || (a.term === b.term && dataOf(a) === dataOf(b))
}

/** What a run has seen: a tester that never reaches the rare states proves nothing. */
export interface Counts {
  elections: number
  truncations: number
  reads: number
  droppedReads: number
  snapshots: number
  memberships: number
}

export function noCounts(): Counts {
  return { elections: 0, truncations: 0, reads: 0, droppedReads: 0, snapshots: 0, memberships: 0 }
}

export class SafetyChecker {
  readonly #leaderOfTerm = new Map<number, string>()
  readonly #leaderLogs = new Map<number, Entry[]>()
  readonly #logAtElection = new Map<number, readonly Entry[]>()
  readonly #votes = new Map<string, string>()
  readonly #entriesSeen = new Map<string, string>()
  readonly #readFloors = new Map<number, number>()
  /** Everything that is committed, as anybody first reported it. */
  readonly committed: Entry[] = []
  readonly commandsSeen = new Set<string>()
  readonly counts = noCounts()

  /** Log Matching: (index, term) names one entry with one predecessor, so by induction one prefix. */
  onAppend(member: ObservedMember, entries: readonly Entry[], truncated: boolean): void {
    if (truncated) this.counts.truncations += 1
    for (const entry of entries) {
      const previous = member.volatileLog[entry.index - 2]
      const story = `${dataOf(entry)} after term ${previous?.term ?? 0}`
      const key = `${entry.index}/${entry.term}`
      check(
        (this.#entriesSeen.get(key) ?? story) === story,
        `two different entries at ${key}: ${story} and ${this.#entriesSeen.get(key) ?? ''}`,
      )
      this.#entriesSeen.set(key, story)
      this.commandsSeen.add(dataOf(entry))
    }
  }

  /** Thesis §4.1: the newest membership in the log is the one in force, committed or not. */
  onMembership({ id, volatileLog }: ObservedMember, inForce: Membership): void {
    const newest = volatileLog.findLast(({ kind }) => kind === 'membership')
    if (newest === undefined) return
    const { voters, learners } = decodeMembership(newest.data)
    check(
      voters.join() === inForce.voters.join() && learners.join() === inForce.learners.join(),
      `${id} goes by another membership than that of entry ${newest.index}`,
    )
  }

  /** Election Safety, Leader Append-Only and Leader Completeness. */
  onStatus(member: ObservedMember, status: Status): void {
    if (status.role !== 'leader') return
    const { term } = status
    const known = this.#leaderOfTerm.get(term)
    check(known === undefined || known === member.id, `term ${term} has two leaders`)
    this.#checkOneChange(member, status)
    if (known === undefined) {
      check(
        member.voterSets.some((voters) => voters.includes(member.id)),
        `${member.id} was elected and is no voter`,
      )
      this.counts.elections += 1
      this.#leaderOfTerm.set(term, member.id)
      this.#logAtElection.set(term, [...member.volatileLog])
      for (const entry of this.committed) {
        check(
          isSame(member.volatileLog[entry.index - 1], entry),
          `leader ${member.id} of term ${term} lacks the committed entry ${entry.index}`,
        )
      }
    }
    const before = this.#leaderLogs.get(term) ?? []
    for (const [at, entry] of before.entries()) {
      check(member.volatileLog[at] === entry, `leader ${member.id} changed its own entry ${at + 1}`)
    }
    this.#leaderLogs.set(term, [...member.volatileLog])
  }

  /** State Machine Safety for what a member believes to be committed. */
  onCommit(member: ObservedMember, status: Status, members: readonly ObservedMember[]): void {
    const { commitIndex, role, term } = status
    const { volatileLog } = member
    check(commitIndex <= volatileLog.length, `${member.id} committed beyond its log`)
    for (let index = 1; index <= Math.min(commitIndex, this.committed.length); index += 1) {
      check(
        isSame(volatileLog[index - 1], this.committed[index - 1]),
        `${member.id} committed another entry at ${index}`,
      )
    }
    for (let index = this.committed.length + 1; index <= commitIndex; index += 1) {
      const entry = volatileLog[index - 1]!
      if (role === 'leader') this.#checkDurableOnQuorum(member, entry, members)
      this.committed.push(entry)
      if (entry.kind === 'membership') this.counts.memberships += 1
      for (const [laterTerm, log] of this.#logAtElection) {
        check(
          laterTerm <= term || isSame(log[index - 1], entry),
          `the leader of term ${laterTerm} lacks entry ${index}, committed in term ${term}`,
        )
      }
    }
  }

  /** A snapshot stands for what is committed, and takes nobody back (Raft §7). */
  onRestore({ id, volatileLog }: ObservedMember, { index, term }: Snapshot): void {
    check(this.committed[index - 1]?.term === term, `${id} restores what was never committed`)
    check(
      volatileLog.length < index || volatileLog[index - 1]?.term !== term,
      `${id} restores what it holds`,
    )
  }

  onApply(member: ObservedMember, entry: Entry, appliedIndex: number): void {
    check(entry.index === appliedIndex + 1, `${member.id} applied out of order`)
    check(isSame(this.committed[entry.index - 1], entry), `${member.id} applied another entry`)
    check(
      isSame(member.durableLog[entry.index - 1], entry),
      `${member.id} applied what it may lose`,
    )
  }

  /** What is on the wire is true of the sender's disk: votes and acknowledgements wait for it. */
  onSend(member: ObservedMember, message: Message): void {
    const { durableTerm, durableVote, durableLog } = member
    if (message.type === 'appendEntries') this.#recordLeaderLog(message)
    if (message.type === 'appendEntriesAccepted') {
      const { matchIndex, term } = message
      check(durableTerm >= term, `${member.id} acknowledged in a term that it may forget`)
      check(
        matchIndex === 0 ||
          isSame(durableLog[matchIndex - 1], this.#leaderLogs.get(term)?.[matchIndex - 1]),
        `${member.id} acknowledged ${matchIndex}, which is not durable`,
      )
    }
    const candidate =
      message.type === 'requestVote'
        ? message.from
        : message.type === 'requestVoteResponse' && message.granted
          ? message.to
          : undefined
    if (candidate === undefined) return
    check(
      durableTerm > message.term || (durableTerm === message.term && durableVote === candidate),
      `${member.id} voted in term ${message.term}, which it may forget`,
    )
    const key = `${member.id} in term ${message.term}`
    check((this.#votes.get(key) ?? candidate) === candidate, `${key} voted twice`)
    this.#votes.set(key, candidate)
  }

  onReadAsked(ref: number): void {
    this.#readFloors.set(ref, this.committed.length)
  }

  /** A read sees everything that was committed when it was asked. */
  onReadAnswered(ref: number, index: number): void {
    const floor = this.#readFloors.get(ref)
    check(floor !== undefined, `read ${ref} was answered twice or never asked`)
    check(index >= floor, `read ${ref} was answered with ${index}, but ${floor} was committed`)
    this.#readFloors.delete(ref)
    this.counts.reads += 1
  }

  onReadDropped(ref: number): void {
    check(this.#readFloors.delete(ref), `read ${ref} was dropped twice or after its answer`)
    this.counts.droppedReads += 1
  }

  /** The asker crashed, and its reads with it. */
  onReadForgotten(ref: number): void {
    this.#readFloors.delete(ref)
  }

  /** A leader that retires does not show itself with its last entries; its messages do. */
  #recordLeaderLog({ term, entries }: AppendEntries): void {
    const log = this.#leaderLogs.get(term) ?? []
    for (const entry of entries) log[entry.index - 1] ??= entry
    this.#leaderLogs.set(term, log)
  }

  /** The leader may have counted by the membership before the one it has begun since. */
  #checkDurableOnQuorum(
    leader: ObservedMember,
    entry: Entry,
    members: readonly ObservedMember[],
  ): void {
    const holders = members.filter(({ durableLog }) => isSame(durableLog[entry.index - 1], entry))
    const names = holders.map(({ id }) => id)
    check(
      leader.voterSets.some((voters) => isQuorum(voters, (id) => names.includes(id))),
      `entry ${entry.index} was committed while only the disks of ${names.join(', ')} hold it`,
    )
  }

  /** Thesis §4.1: no log that leads holds two changes that are not committed. */
  #checkOneChange({ id, volatileLog }: ObservedMember, { commitIndex }: Status): void {
    const known = Math.max(commitIndex, this.committed.length)
    const changes = volatileLog.slice(known).filter(({ kind }) => kind === 'membership')
    check(changes.length <= 1, `leader ${id} has ${changes.length} uncommitted changes`)
  }
}
