/** Who answers for leases: the leader, wherever the question arrives (etcd §8.28, #20615). */

import type { MemberId } from '@holdfast/raft'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../time/clock.js'
import { LeaseClock } from './lease-clock.js'
import { LeaseKeeper } from './lease-keeper.js'
import { LeaseService } from './lease-service.js'
import { NodeError } from './node-error.js'
import type { PeerAnswer, PeerRequest, PeerTransport } from './peer-transport.js'
import { ReadBarrier } from './read-barrier.js'
import { eventually, track, turn } from './tracked.test-support.js'

type Answer = PeerAnswer | 'lost' | 'silent'

interface Asked {
  readonly to: MemberId
  readonly request: PeerRequest
  readonly timeoutMs: number
}

/** Peers that answer as they are told; the last answer is repeated. */
class ScriptedTransport implements PeerTransport {
  readonly asked: Asked[] = []
  readonly answers: Answer[] = []
  onAsked: () => void = () => undefined

  request(to: MemberId, request: PeerRequest, timeoutMs: number): Promise<PeerAnswer> {
    this.asked.push({ to, request, timeoutMs })
    this.onAsked()
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0]
    if (answer === undefined || answer === 'lost') return Promise.reject(new Error('lost'))
    if (answer !== 'silent') return Promise.resolve(answer)
    return new Promise((_resolve, reject) => {
      setTimeout(() => reject(new Error('no answer in time')), timeoutMs)
    })
  }

  send(): void {
    throw new Error('lease questions are not messages of Raft')
  }

  setPeers(): void {
    throw new Error('lease questions change no membership')
  }

  flush(): void {
    throw new Error('lease questions are not messages of Raft')
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** A member whose quorum confirms every read at once, unless it is told not to. */
class Member {
  readonly transport = new ScriptedTransport()
  leaderId: MemberId | undefined
  isConfirmed = true
  onAsk: () => void = () => undefined
  readonly expiries: (() => void)[] = []
  readonly keeper = new LeaseKeeper({
    clock: systemClock,
    leaseClock: new LeaseClock(200, performance.now()),
    electionTimeoutMs: 1_000,
    leases: () => [],
    confirmLeadership: () => Promise.resolve(),
    proposeExpiry: () => new Promise<void>((resolve) => this.expiries.push(resolve)),
    proposeCheckpoints: () => Promise.resolve(),
  })
  readonly reads: ReadBarrier = new ReadBarrier({
    ask: (ref) => {
      this.onAsk()
      setImmediate(() => {
        if (this.isConfirmed) this.reads.onReadState(ref, 0)
      })
    },
    wake: () => setImmediate(() => this.reads.submit()),
    clock: systemClock,
    appliedIndex: 0,
  })
  readonly service = new LeaseService({
    keeper: this.keeper,
    reads: this.reads,
    transport: this.transport,
    leaderId: () => this.leaderId,
    clock: systemClock,
  })

  lead(...leaseIds: string[]): void {
    this.leaderId = 'self'
    this.keeper.promote(1, performance.now())
    const granted = leaseIds.map((id) => {
      const lease = { id, ttlSeconds: 9, grantedIndex: 1 }
      return { type: 'granted', lease } as const
    })
    this.keeper.onApplied(granted, performance.now())
  }
}

const noLeader = new NodeError('noLeader', 'not-applied')
const renewed: PeerAnswer = { type: 'leaseRenew', ttlSeconds: 9 }

let member: Member

beforeEach(() => {
  member = new Member()
})

afterEach(() => {
  member.service.close()
})

describe('on the leader', () => {
  it('answers from its own keeper, and asks nobody', async () => {
    member.lead('7')
    expect(await member.service.renew('7', 1_000)).toBe(9)
    expect(await member.service.remainingMs('7', 1_000)).toBeGreaterThan(8_000)
    expect(await member.service.idsBySoonestExpiry(1_000)).toEqual(['7'])
    expect(await member.service.renew('8', 1_000)).toBeUndefined()
    expect(await member.service.remainingMs('8', 1_000)).toBeUndefined()
    expect(member.transport.asked).toEqual([])
  })

  it('answers only after a quorum has confirmed it since the question arrived', async () => {
    member.lead('7')
    member.isConfirmed = false
    const renewal = track(member.service.answer({ type: 'leaseRenew', id: '7' }, 1_000))
    await turn()
    await turn()
    expect(renewal.state).toBe('pending')
    member.reads.tick(performance.now() + 1_000)
    await turn()
    expect(renewal).toEqual({ state: 'rejected', error: noLeader })
  })

  it('re-checks the lease after the confirmation (etcd #20615)', async () => {
    member.lead('7')
    member.onAsk = () => member.keeper.onApplied([{ type: 'ended', id: '7' }], performance.now())
    expect(await member.service.renew('7', 1_000)).toBeUndefined()
  })

  it.each<Parameters<LeaseService['answer']>[0]>([
    { type: 'leaseRenew', id: '7' },
    { type: 'leaseRemaining', id: '7' },
    { type: 'leasesBySoonestExpiry' },
  ])('claims nothing when it was deposed while it was confirmed: $type', async (request) => {
    member.lead('7')
    member.onAsk = () => member.keeper.demote()
    await expect(member.service.answer(request, 1_000)).rejects.toEqual(noLeader)
  })

  it('does not answer for leases before it has seen all of them', async () => {
    member.leaderId = 'self'
    const request = { type: 'leaseRenew', id: '7' } as const
    await expect(member.service.answer(request, 1_000)).rejects.toEqual(noLeader)
  })

  it('keeps the deadline while an expiry stays undecided', async () => {
    member.lead('7')
    const start = performance.now()
    for (let ticks = 0; member.expiries.length === 0; ticks++) {
      expect(ticks).toBeLessThan(1_000)
      member.keeper.tick(start + 200 * ticks)
      await turn()
    }
    await expect(member.service.renew('7', 120)).rejects.toEqual(
      new NodeError('timeout', 'unknown'),
    )
  })
})

describe('on a follower', () => {
  it('asks the leader', async () => {
    member.leaderId = 'b'
    member.transport.answers.push(
      renewed,
      { type: 'leaseRemaining', remainingMs: 1_234 },
      { type: 'leasesBySoonestExpiry', ids: ['2', '1'] },
    )
    expect(await member.service.renew('7', 5_000)).toBe(9)
    expect(await member.service.remainingMs('7', 5_000)).toBe(1_234)
    expect(await member.service.idsBySoonestExpiry(5_000)).toEqual(['2', '1'])
    expect(member.transport.asked).toMatchObject([
      { to: 'b', request: { type: 'leaseRenew', id: '7' } },
      { to: 'b', request: { type: 'leaseRemaining', id: '7' } },
      { to: 'b', request: { type: 'leasesBySoonestExpiry' } },
    ])
  })

  it('passes on that there is no such lease', async () => {
    member.leaderId = 'b'
    member.transport.answers.push({ type: 'leaseRenew', ttlSeconds: undefined })
    expect(await member.service.renew('7', 5_000)).toBeUndefined()
  })

  it('does not spend the whole time on one leader that may be gone', async () => {
    member.leaderId = 'b'
    member.transport.answers.push(renewed)
    await member.service.renew('7', 60_000)
    await member.service.renew('7', 300)
    const [long, short] = member.transport.asked
    expect(long!.timeoutMs).toBe(1_000)
    expect(short!.timeoutMs).toBeLessThanOrEqual(300)
  })

  it('asks the new leader after a change', async () => {
    member.leaderId = 'b'
    member.transport.answers.push('lost', renewed)
    member.transport.onAsked = () => {
      member.leaderId = 'c'
    }
    expect(await member.service.renew('7', 5_000)).toBe(9)
    expect(member.transport.asked.map(({ to }) => to)).toEqual(['b', 'c'])
  })

  it('answers itself when it becomes the leader', async () => {
    member.leaderId = 'b'
    member.transport.answers.push('lost')
    member.transport.onAsked = () => member.lead('7')
    expect(await member.service.renew('7', 5_000)).toBe(9)
    expect(member.transport.asked).toHaveLength(1)
  })

  it('takes an answer to another question for none', async () => {
    member.leaderId = 'b'
    member.transport.answers.push({ type: 'leaseRemaining', remainingMs: 5 }, renewed)
    expect(await member.service.renew('7', 5_000)).toBe(9)
  })
})

describe('the deadline', () => {
  it('passes without a leader: certainly not renewed', async () => {
    await expect(member.service.renew('7', 120)).rejects.toEqual(noLeader)
    expect(member.transport.asked).toEqual([])
  })

  it('passes while a leader is silent: a renewal may have happened', async () => {
    member.leaderId = 'b'
    member.transport.answers.push('silent')
    const timeout = new NodeError('timeout', 'unknown')
    await expect(member.service.renew('7', 120)).rejects.toEqual(timeout)
    await expect(member.service.remainingMs('7', 120)).rejects.toEqual(noLeader)
    await expect(member.service.idsBySoonestExpiry(120)).rejects.toEqual(noLeader)
  })

  it('is not waited for when the member closes', async () => {
    const renewal = track(member.service.renew('7', 60_000))
    await turn()
    member.service.close()
    await eventually(() => renewal.state).toBe('rejected')
    expect(renewal.error).toEqual(new NodeError('stopped', 'not-applied'))
  })
})
