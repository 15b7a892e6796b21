/** One core with its disk, and builders of the messages that the rest of its cluster would send. */

import type { RaftOptions } from './config.js'
import type { Entry } from './entry.js'
import type { HardState } from './log-storage.js'
import { encodeMembership, type Membership } from './membership.js'
import { MemoryLog } from './memory-log.test-support.js'
import type { Message } from './message.js'
import { Raft } from './raft.js'
import type { Ready, Role } from './ready.js'

/** A log whose n-th entry is of the n-th term. */
export function logOf(...terms: number[]): Entry[] {
  return terms.map((term, at) => entry(at + 1, term))
}

export function entry(index: number, term: number, text = `${index}`): Entry {
  return { index, term, kind: 'command', data: bytes(text) }
}

export function noop(index: number, term: number): Entry {
  return { index, term, kind: 'noop', data: new Uint8Array(0) }
}

export function membershipEntry(index: number, term: number, membership: Membership): Entry {
  return { index, term, kind: 'membership', data: encodeMembership(membership) }
}

export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** A message without its envelope, for each type of message. */
export type Content = Message extends infer M ? (M extends Message ? Omit<M, 'to'> : never) : never

export interface TestMemberOptions extends Partial<RaftOptions> {
  readonly voters?: readonly string[]
  readonly learners?: readonly string[]
  readonly hardState?: HardState
  readonly entries?: readonly Entry[]
  /** In place of the four above: what a crash has left. */
  readonly log?: MemoryLog
}

export class TestMember {
  readonly raft: Raft
  readonly log: MemoryLog
  readonly id: string

  constructor(options: TestMemberOptions = {}) {
    const {
      voters = ['1', '2', '3'],
      learners = [],
      hardState,
      entries = [],
      log,
      ...rest
    } = options
    this.id = rest.id ?? '1'
    const state = hardState === undefined ? {} : { hardState }
    this.log = log ?? new MemoryLog({ voters, learners, entries, ...state })
    this.raft = new Raft({ id: this.id, seed: 1, ...rest }, this.log)
  }

  get role(): Role {
    return this.raft.status.role
  }

  get term(): number {
    return this.raft.status.term
  }

  get commitIndex(): number {
    return this.raft.status.commitIndex
  }

  get terms(): number[] {
    return this.log.all.map(({ term }) => term)
  }

  /** Ticks `count` times, each in a turn of its own. */
  tick(count = 1): void {
    for (let tick = 0; tick < count; tick += 1) this.raft.tick()
  }

  /** The same member after a crash: what was not durable is gone. */
  restarted(appliedIndex: number): TestMember {
    this.log.crash()
    return new TestMember({ id: this.id, log: this.log, appliedIndex })
  }

  receive(content: Content): void {
    this.raft.step({ ...content, to: this.id })
  }

  /** Carries out everything: writes are durable at once, commits are applied at once. */
  settle(): Ready[] {
    const readies: Ready[] = []
    while (this.raft.hasReady() || this.log.writesInFlight > 0) {
      if (this.raft.hasReady()) readies.push(this.process())
      this.completeWrite()
    }
    return readies
  }

  /** Takes one Ready and begins its write; applies at once. */
  process(): Ready {
    const ready = this.raft.ready()
    if (ready.append !== undefined) this.log.begin(ready.append)
    const last = ready.committed.at(-1)
    if (last !== undefined) this.raft.onApplied(last.index)
    return ready
  }

  completeWrite(): readonly Message[] {
    const append = this.log.complete()
    if (append === undefined) return []
    this.raft.onAppended(append.term, append.index)
    return append.messages
  }

  /** Carries out everything and returns the messages that left, in order. */
  takeMessages(): Message[] {
    return this.settle().flatMap(({ messages, append }) => [
      ...messages,
      ...(append?.messages ?? []),
    ])
  }

  /** Wins a pre-election with the votes of all others. */
  becomeCandidate(): void {
    this.raft.campaign()
    for (const from of this.#others) {
      this.receive({ type: 'preVoteResponse', from, term: this.term + 1, granted: true })
      if (this.role === 'candidate') break
    }
  }

  /** Wins an election; the no-op is in its log, durable and not committed. */
  becomeLeader(): void {
    this.becomeCandidate()
    this.settle()
    for (const from of this.#others) {
      if (this.role === 'leader') break
      this.receive({ type: 'requestVoteResponse', from, term: this.term, granted: true })
    }
    this.settle()
  }

  /** Wins an election and commits the no-op. */
  becomeEstablishedLeader(): void {
    this.becomeLeader()
    for (const from of this.#others) this.acceptFrom(from)
    this.settle()
  }

  /** `from` acknowledges the log up to `matchIndex`, by default all of it. */
  acceptFrom(from: string, matchIndex = this.log.lastIndex()): void {
    this.receive({ type: 'appendEntriesAccepted', from, term: this.term, matchIndex })
  }

  /** A heartbeat from the leader of `term`. */
  hearFrom(from: string, term = this.term): void {
    this.receive({ type: 'heartbeat', from, term, commitIndex: 0, readPosition: 0 })
  }

  get #others(): readonly string[] {
    return this.raft.membership.membership.voters.filter((id) => id !== this.id)
  }
}

/** Those of `messages` that have the given type. */
export function ofType<T extends Message['type']>(
  messages: readonly Message[],
  type: T,
): Extract<Message, { type: T }>[] {
  return messages.filter(
    (message): message is Extract<Message, { type: T }> => message.type === type,
  )
}
