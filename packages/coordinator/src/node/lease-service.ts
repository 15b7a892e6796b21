/**
 * Lease questions that only the leader can answer, asked of whoever leads: here if this member does,
 * else over the peers' connections, again after a change of leader until the time is up.
 */

import type { MemberId } from '@holdfast/raft'
import type { LeaseId } from '../state-machine/operation.js'
import type { LeaseKeeper } from './lease-keeper.js'
import { NodeError } from './node-error.js'
import type { PeerAnswer, PeerRequest, PeerTransport } from './peer-transport.js'
import type { ReadBarrier } from './read-barrier.js'
import type { Clock } from '../time/clock.js'
import { inTime, pause } from '../time/pause.js'

/** Between two attempts while no leader answers. */
const RETRY_MS = 50
/** One attempt at a leader that may be gone. */
const ATTEMPT_MS = 1_000

type LeaseRequest = Extract<
  PeerRequest,
  { type: 'leaseRenew' | 'leaseRemaining' | 'leasesBySoonestExpiry' }
>
type RequestOf<Type extends LeaseRequest['type']> = Extract<LeaseRequest, { type: Type }>
type AnswerOf<Type extends LeaseRequest['type']> = Extract<PeerAnswer, { type: Type }>

export interface LeaseServiceOptions {
  readonly keeper: LeaseKeeper
  readonly reads: ReadBarrier
  readonly transport: PeerTransport
  readonly leaderId: () => MemberId | undefined
  readonly clock: Clock
}

export class LeaseService {
  readonly #options: LeaseServiceOptions
  #closed = false

  constructor(options: LeaseServiceOptions) {
    this.#options = options
  }

  /** The granted TTL in seconds; undefined when there is no such lease. */
  async renew(id: LeaseId, timeoutMs: number): Promise<number | undefined> {
    const { ttlSeconds } = await this.#askLeader({ type: 'leaseRenew', id }, timeoutMs)
    return ttlSeconds
  }

  /** Undefined when there is no such lease. */
  async remainingMs(id: LeaseId, timeoutMs: number): Promise<number | undefined> {
    const { remainingMs } = await this.#askLeader({ type: 'leaseRemaining', id }, timeoutMs)
    return remainingMs
  }

  async idsBySoonestExpiry(timeoutMs: number): Promise<readonly LeaseId[]> {
    const { ids } = await this.#askLeader({ type: 'leasesBySoonestExpiry' }, timeoutMs)
    return ids
  }

  /** Answers as the leader, confirmed by a quorum since the question arrived (etcd #20615). */
  async answer(request: LeaseRequest, timeoutMs: number): Promise<PeerAnswer> {
    const { keeper, reads, clock } = this.#options
    if (!keeper.leads) throw new NodeError('noLeader', 'not-applied')
    await reads.wait(timeoutMs)
    switch (request.type) {
      case 'leaseRenew':
        return { type: request.type, ttlSeconds: await keeper.renew(request.id) }
      case 'leaseRemaining':
        return {
          type: request.type,
          remainingMs: keeper.remainingMs(request.id, clock.nowMs()),
        }
      case 'leasesBySoonestExpiry':
        return { type: request.type, ids: keeper.idsBySoonestExpiry() }
    }
  }

  close(): void {
    this.#closed = true
  }

  async #askLeader<Type extends LeaseRequest['type']>(
    request: RequestOf<Type>,
    timeoutMs: number,
  ): Promise<AnswerOf<Type>> {
    const { clock } = this.#options
    const deadline = clock.nowMs() + timeoutMs
    let mayHaveRenewed = false
    for (;;) {
      const left = deadline - clock.nowMs()
      const outcome = mayHaveRenewed ? 'unknown' : 'not-applied'
      if (this.#closed) throw new NodeError('stopped', outcome)
      if (left <= 0) throw new NodeError(mayHaveRenewed ? 'timeout' : 'noLeader', outcome)
      const attempt = this.#attempt(request, Math.min(left, ATTEMPT_MS))
      const answer = await attempt
      if (isAnswerTo(request, answer)) return answer
      if (attempt !== undefined && request.type === 'leaseRenew') mayHaveRenewed = true
      await pause(clock, Math.min(RETRY_MS, Math.max(0, deadline - clock.nowMs())))
    }
  }

  /**
   * Undefined when there is nobody to ask; resolves to undefined when whoever should lead did not
   * answer. All these questions may be asked twice.
   */
  #attempt(request: LeaseRequest, timeoutMs: number): Promise<PeerAnswer | undefined> | undefined {
    const { keeper, transport, clock } = this.#options
    const leaderId = this.#options.leaderId()
    if (keeper.leads) return inTime(clock, this.answer(request, timeoutMs), timeoutMs)
    if (leaderId === undefined) return undefined
    return inTime(clock, transport.request(leaderId, request, timeoutMs), timeoutMs)
  }
}

function isAnswerTo<Type extends LeaseRequest['type']>(
  request: RequestOf<Type>,
  answer: PeerAnswer | undefined,
): answer is AnswerOf<Type> {
  return answer?.type === request.type
}
