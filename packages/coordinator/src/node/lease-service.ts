/**
 * Lease questions that only the leader can answer, asked of whoever leads: here if this member does,
 * else over the peers' connections, again after a change of leader until the time is up.
 */

import { setTimeout as delay } from 'node:timers/promises'
import type { MemberId } from '@holdfast/raft'
import type { LeaseId } from '../state-machine/operation.js'
import type { LeaseKeeper } from './lease-keeper.js'
import { NodeError } from './node-error.js'
import type { PeerAnswer, PeerRequest, PeerTransport } from './peer-transport.js'
import type { ReadBarrier } from './read-barrier.js'

/** Between two attempts while no leader answers. */
const RETRY_MS = 50
/** One attempt at a leader that may be gone. */
const ATTEMPT_MS = 1_000

export interface LeaseServiceOptions {
  readonly keeper: LeaseKeeper
  readonly reads: ReadBarrier
  readonly transport: PeerTransport
  readonly leaderId: () => MemberId | undefined
}

export class LeaseService {
  readonly #options: LeaseServiceOptions
  #closed = false

  constructor(options: LeaseServiceOptions) {
    this.#options = options
  }

  /** The granted TTL in seconds; undefined when there is no such lease. */
  async renew(id: LeaseId, timeoutMs: number): Promise<number | undefined> {
    const answer = await this.#askLeader({ type: 'leaseRenew', id }, timeoutMs)
    return answer.type === 'leaseRenew' ? answer.ttlSeconds : undefined
  }

  /** Undefined when there is no such lease. */
  async remainingMs(id: LeaseId, timeoutMs: number): Promise<number | undefined> {
    const answer = await this.#askLeader({ type: 'leaseRemaining', id }, timeoutMs)
    return answer.type === 'leaseRemaining' ? answer.remainingMs : undefined
  }

  async idsBySoonestExpiry(timeoutMs: number): Promise<readonly LeaseId[]> {
    const answer = await this.#askLeader({ type: 'leasesBySoonestExpiry' }, timeoutMs)
    return answer.type === 'leasesBySoonestExpiry' ? answer.ids : []
  }

  /** Answers as the leader, confirmed by a quorum since the question arrived (etcd #20615). */
  async answer(request: PeerRequest, timeoutMs: number): Promise<PeerAnswer> {
    const { keeper, reads } = this.#options
    if (!keeper.leads) throw new NodeError('noLeader', 'not-applied')
    await reads.wait(timeoutMs)
    switch (request.type) {
      case 'leaseRenew':
        return { type: request.type, ttlSeconds: await keeper.renew(request.id) }
      case 'leaseRemaining':
        return {
          type: request.type,
          remainingMs: keeper.remainingMs(request.id, performance.now()),
        }
      case 'leasesBySoonestExpiry':
        return { type: request.type, ids: keeper.idsBySoonestExpiry() }
    }
  }

  close(): void {
    this.#closed = true
  }

  async #askLeader(request: PeerRequest, timeoutMs: number): Promise<PeerAnswer> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const left = deadline - performance.now()
      if (this.#closed) throw new NodeError('stopped', 'unknown')
      if (left <= 0) throw new NodeError('noLeader', 'not-applied')
      const answer = await this.#attempt(request, Math.min(left, ATTEMPT_MS))
      if (answer !== undefined) return answer
      await delay(Math.min(RETRY_MS, Math.max(0, left)))
    }
  }

  /** Undefined when whoever should lead did not answer. All these questions may be asked twice. */
  async #attempt(request: PeerRequest, timeoutMs: number): Promise<PeerAnswer | undefined> {
    try {
      if (this.#options.keeper.leads) return await this.answer(request, timeoutMs)
      const leaderId = this.#options.leaderId()
      if (leaderId === undefined) return undefined
      return await this.#options.transport.request(leaderId, request, timeoutMs)
    } catch {
      return undefined
    }
  }
}
