/**
 * Changes of who belongs to the cluster, and of who leads it: begun by the leader, asked for by
 * whoever a client happens to talk to.
 *
 * Ids are drawn before the leader is asked, so each change can be asked for again when the answer is
 * lost: whoever is there already, or gone already, was added or removed by the first attempt.
 */

import type { ChangeRefusal, LogPosition, MemberId, Raft } from '@holdfast/raft'
import { MemberRefusal, type MemberChange, type MemberRefusalReason } from './member-change.js'
import { NodeError } from './node-error.js'
import { encodePeerBook, peerBookOf, withoutMember, type PeerBook } from './peer-book.js'
import type { PeerAnswer, PeerRequest, PeerTransport } from './peer-transport.js'
import { checkReconfiguration } from './reconfiguration-check.js'
import type { Clock } from '../time/clock.js'
import { pause } from '../time/pause.js'

/** Between two attempts while no leader answers, and between two looks at what is committed. */
const RETRY_MS = 50

type MembershipRequest = Extract<PeerRequest, { type: 'changeMembership' | 'transferLeadership' }>

export interface MembershipServiceOptions {
  readonly raft: Pick<
    Raft,
    | 'status'
    | 'membership'
    | 'committedMembership'
    | 'changeMembership'
    | 'isCommitted'
    | 'transferLeadership'
    | 'isActive'
  >
  readonly transport: Pick<PeerTransport, 'request'>
  readonly clock: Clock
  readonly hasStarted: (id: MemberId) => boolean
  readonly electionTimeoutMs: number
  /** Asks for a turn of the node's loop. */
  readonly wake: () => void
}

export class MembershipService {
  readonly #options: MembershipServiceOptions
  #closed = false

  constructor(options: MembershipServiceOptions) {
    this.#options = options
  }

  /**
   * Resolves when the change is committed.
   * @throws {MemberRefusal | NodeError}
   */
  async change(change: MemberChange, timeoutMs: number): Promise<void> {
    await this.#askLeader({ type: 'changeMembership', change }, timeoutMs)
  }

  /**
   * Resolves when `to` leads. The leader gives up after an election timeout, and whoever leads then
   * leads on; but `to` may yet come to read that it was asked.
   * @throws {MemberRefusal | NodeError}
   */
  async transferLeadership(to: MemberId, timeoutMs: number): Promise<void> {
    const { clock, raft, electionTimeoutMs } = this.#options
    const deadline = clock.nowMs() + timeoutMs
    await this.#askLeader({ type: 'transferLeadership', to }, timeoutMs)
    const givenUpAtMs = clock.nowMs() + electionTimeoutMs
    while (raft.status.leaderId !== to) {
      const nowMs = clock.nowMs()
      const hasFailed = nowMs > givenUpAtMs && raft.status.leaderId !== undefined
      if (hasFailed || nowMs >= deadline) throw new NodeError('notTransferred', 'unknown')
      await this.#pause(deadline)
    }
  }

  /** Answers another member, as the leader. */
  async answer(request: MembershipRequest, timeoutMs: number): Promise<PeerAnswer> {
    const { type } = request
    try {
      if (type === 'changeMembership') await this.#carryOut(request.change, timeoutMs)
      else this.#startTransfer(request.to)
      return { type, refusal: undefined }
    } catch (error) {
      if (error instanceof MemberRefusal) return { type, refusal: error.reason }
      throw error
    }
  }

  close(): void {
    this.#closed = true
  }

  async #askLeader(request: MembershipRequest, timeoutMs: number): Promise<void> {
    const deadline = this.#options.clock.nowMs() + timeoutMs
    let isRepeated = false
    for (;;) {
      const left = deadline - this.#options.clock.nowMs()
      const outcome = isRepeated ? 'unknown' : 'not-applied'
      if (this.#closed) throw new NodeError('stopped', outcome)
      if (left <= 0) throw new NodeError(isRepeated ? 'timeout' : 'noLeader', outcome)
      const attempt = this.#attempt(request, left)
      const answer = await attempt?.catch(() => undefined)
      if (answer?.type === request.type) {
        if (answer.refusal === undefined || (isRepeated && isDone(request, answer.refusal))) return
        throw new MemberRefusal(answer.refusal)
      }
      isRepeated ||= attempt !== undefined
      const { clock } = this.#options
      await pause(clock, Math.min(RETRY_MS, Math.max(0, deadline - clock.nowMs())))
    }
  }

  #attempt(request: MembershipRequest, timeoutMs: number): Promise<PeerAnswer> | undefined {
    const { raft, transport } = this.#options
    const { role, leaderId } = raft.status
    if (role === 'leader') return this.answer(request, timeoutMs)
    return leaderId === undefined ? undefined : transport.request(leaderId, request, timeoutMs)
  }

  /** Begins the change as soon as the leader may, and waits until it is committed. */
  async #carryOut(change: MemberChange, timeoutMs: number): Promise<void> {
    const deadline = this.#options.clock.nowMs() + timeoutMs
    const begun = await this.#begin(change, deadline)
    const { raft } = this.#options
    while (!raft.isCommitted(begun)) {
      if (raft.status.term !== begun.term) throw new NodeError('timeout', 'unknown')
      await this.#pause(deadline)
    }
  }

  async #begin(change: MemberChange, deadline: number): Promise<LogPosition> {
    for (;;) {
      const { raft, hasStarted, wake } = this.#options
      if (raft.status.role !== 'leader') throw new NodeError('noLeader', 'not-applied')
      // Judged by what is committed only: what is not may be lost, and then nothing was done.
      if (raft.committedMembership.index < raft.membership.index) {
        await this.#pause(deadline)
        continue
      }
      const { membership } = raft.membership
      const book = peerBookOf(membership)
      const isActive = (id: MemberId): boolean => raft.isActive(id)
      checkReconfiguration({ membership, book, hasStarted, isActive }, change)
      const result = raft.changeMembership(
        raftChange(change),
        encodePeerBook(updated(book, change)),
      )
      wake()
      if (typeof result !== 'string') return result
      const reason = refusals[result]
      if (reason !== undefined) throw new MemberRefusal(reason)
      await this.#pause(deadline)
    }
  }

  #startTransfer(to: MemberId): void {
    const { raft, wake } = this.#options
    const result = raft.transferLeadership(to)
    wake()
    if (result === 'notLeader') throw new NodeError('noLeader', 'not-applied')
    if (result === 'notVoter') throw new MemberRefusal('badTransferee')
  }

  async #pause(deadline: number): Promise<void> {
    if (this.#closed) throw new NodeError('stopped', 'unknown')
    if (this.#options.clock.nowMs() >= deadline) throw new NodeError('timeout', 'unknown')
    await pause(this.#options.clock, RETRY_MS)
  }
}

/** Undefined: it will soon be possible, or by another leader. */
const refusals: Readonly<Record<ChangeRefusal, MemberRefusalReason | undefined>> = {
  notLeader: undefined,
  notReady: undefined,
  changePending: undefined,
  transferring: undefined,
  alreadyMember: 'memberExists',
  notMember: 'memberNotFound',
  notLearner: 'memberNotLearner',
  notInSync: 'learnerNotReady',
  lastVoter: 'notEnoughStarted',
}

function raftChange(change: MemberChange): Parameters<Raft['changeMembership']>[0] {
  switch (change.type) {
    case 'add':
      return { type: change.isLearner ? 'addLearner' : 'addVoter', id: change.id }
    case 'remove':
    case 'promote':
      return { type: change.type, id: change.id }
    case 'update':
      return { type: 'updateContext' }
  }
}

function updated(book: PeerBook, change: MemberChange): PeerBook {
  switch (change.type) {
    case 'add':
    case 'update':
      return { ...book, urls: new Map([...book.urls, [change.id, change.peerUrls]]) }
    case 'remove':
      return withoutMember(book, change.id)
    case 'promote':
      return book
  }
}

/** The refusal says what an earlier attempt did. */
function isDone(request: MembershipRequest, refusal: MemberRefusalReason): boolean {
  if (request.type === 'transferLeadership') return false
  switch (request.change.type) {
    case 'add':
      return refusal === 'memberExists'
    case 'remove':
      return refusal === 'memberNotFound'
    case 'promote':
      return refusal === 'memberNotLearner'
    case 'update':
      return false
  }
}
