/** Where leases expire: at least their TTL after the last renewal, by a confirmed leader alone. */

import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LeaseCheckpoint } from '../state-machine/command.js'
import type { Lease } from '../state-machine/state-machine.js'
import { systemClock } from '../time/clock.js'
import { LeaseClock } from './lease-clock.js'
import {
  LEASE_CHECKPOINT_MS,
  LEASE_SCAN_MS,
  LeaseKeeper,
  MAX_EXPIRIES_PER_SCAN,
} from './lease-keeper.js'
import { NodeError } from './node-error.js'
import { track, turn } from './tracked.test-support.js'

const TICK_MS = 100
const ELECTION_TIMEOUT_MS = 1_000

interface Settled {
  resolve(value?: unknown): void
  reject(error: Error): void
}

const leaseOf = (id: string, ttlSeconds: number): Lease => ({ id, ttlSeconds, grantedIndex: 1 })

class Fixture {
  leases: Lease[] = []
  /** Undefined: a quorum confirms at once. */
  confirmations: Settled[] | undefined
  readonly expiries: (Settled & { readonly lease: Lease; readonly term: number })[] = []
  readonly keeper = new LeaseKeeper({
    clock: systemClock,
    leaseClock: new LeaseClock(2 * TICK_MS, performance.now()),
    electionTimeoutMs: ELECTION_TIMEOUT_MS,
    leases: () => this.leases,
    confirmLeadership: () =>
      new Promise<void>((resolve, reject) => {
        if (this.confirmations === undefined) resolve()
        else this.confirmations.push({ resolve: () => resolve(), reject })
      }),
    proposeExpiry: (lease, term) =>
      new Promise((resolve, reject) => this.expiries.push({ lease, term, resolve, reject })),
    proposeCheckpoints: (checkpoints, term) =>
      new Promise((resolve, reject) =>
        this.checkpoints.push({ checkpoints, term, resolve, reject }),
      ),
  })
  readonly checkpoints: (Settled & {
    readonly checkpoints: readonly LeaseCheckpoint[]
    readonly term: number
  })[] = []

  /** The oldest note that is undecided is applied. */
  async apply(): Promise<void> {
    const note = this.checkpoints.shift()!
    const changed = note.checkpoints.map(({ id, remainingSeconds }) => {
      const { ttlSeconds, grantedIndex } = this.leases.find((one) => one.id === id)!
      return { id, ttlSeconds, grantedIndex, ...(remainingSeconds > 0 && { remainingSeconds }) }
    })
    this.leases = this.leases.map((lease) => changed.find(({ id }) => id === lease.id) ?? lease)
    const changes = changed.map((lease) => ({ type: 'checkpointed', lease }) as const)
    this.keeper.onApplied(changes, performance.now())
    note.resolve()
    await turn()
  }

  lead(term = 1): void {
    this.keeper.promote(term, performance.now())
  }

  grant(id: string, ttlSeconds: number): void {
    const lease = leaseOf(id, ttlSeconds)
    this.leases.push(lease)
    this.keeper.onApplied([{ type: 'granted', lease }], performance.now())
  }

  end(id: string): void {
    this.leases = this.leases.filter((lease) => lease.id !== id)
    this.keeper.onApplied([{ type: 'ended', id }], performance.now())
  }

  /** Lets time pass with the loop running. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += TICK_MS) await this.stall(TICK_MS)
  }

  /** Lets time pass, tick by tick, until something has happened. */
  async until(happened: () => boolean): Promise<void> {
    for (let ticks = 0; !happened(); ticks++) {
      expect(ticks).toBeLessThan(1_000)
      await this.pass(TICK_MS)
    }
  }

  /** Lets time pass without a turn of the loop, then ticks once. */
  async stall(ms: number): Promise<void> {
    vi.advanceTimersByTime(ms)
    this.keeper.tick(performance.now())
    await turn()
  }

  get expired(): string[] {
    return this.expiries.map(({ lease }) => lease.id)
  }
}

/** Longest time between a deadline and the scan that sees it. */
const SCAN_DELAY_MS = LEASE_SCAN_MS + TICK_MS

let fixture: Fixture
let keeper: LeaseKeeper

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  fixture = new Fixture()
  keeper = fixture.keeper
})

afterEach(() => {
  vi.useRealTimers()
})

describe('expiry (catalogue 71)', () => {
  it('comes after the TTL, and not long after', async () => {
    fixture.lead()
    fixture.grant('7', 2)
    await fixture.pass(1_900)
    expect(fixture.expired).toEqual([])
    await fixture.pass(100 + SCAN_DELAY_MS)
    expect(fixture.expiries).toMatchObject([{ lease: { id: '7' }, term: 1 }])
  })

  it('is put off by a renewal to a full TTL from then', async () => {
    fixture.lead()
    fixture.grant('7', 2)
    await fixture.pass(1_500)
    expect(await keeper.renew('7')).toBe(2)
    await fixture.pass(1_900)
    expect(fixture.expired).toEqual([])
    await fixture.pass(100 + SCAN_DELAY_MS)
    expect(fixture.expired).toEqual(['7'])
  })

  it('does not come at once after a stall, whose keepalives are still unread', async () => {
    fixture.lead()
    fixture.grant('7', 2)
    await fixture.stall(60_000)
    await fixture.pass(1_000)
    expect(fixture.expired).toEqual([])
    expect(await keeper.renew('7')).toBe(2)
  })

  it('is never early, whatever ticks, stalls and renewals come', async () => {
    const event = fc.oneof(
      fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 150 }) }),
      fc.record({ type: fc.constant('stall' as const), ms: fc.integer({ min: 200, max: 9_000 }) }),
      fc.record({ type: fc.constantFrom('renew', 'promote' as const), ms: fc.constant(0) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 20, maxLength: 80 }), async (events) => {
        const run = new Fixture()
        run.lead()
        run.grant('7', 2)
        let earliest = performance.now() + 2_000
        for (const { type, ms } of events) {
          if (run.expired.length > 0) break
          if (type === 'renew') await run.keeper.renew('7')
          if (type === 'promote') run.lead(2)
          if (type === 'renew' || type === 'promote') earliest = performance.now() + 2_000
          else await run.stall(ms)
          if (performance.now() < earliest) expect(run.expired).toEqual([])
        }
      }),
      { numRuns: 100 },
    )
  })

  it('is not counted by a member that does not lead', async () => {
    fixture.grant('7', 2)
    await fixture.pass(10_000)
    expect(fixture.expired).toEqual([])
  })

  it('is proposed once, however long it takes to be decided', async () => {
    fixture.lead()
    fixture.grant('7', 2)
    await fixture.pass(10_000)
    expect(fixture.expired).toEqual(['7'])
  })

  it('is proposed again when it could not be', async () => {
    fixture.lead()
    fixture.grant('7', 2)
    await fixture.pass(2_000 + SCAN_DELAY_MS)
    fixture.expiries[0]!.reject(new NodeError('tooManyRequests', 'not-applied'))
    await fixture.pass(SCAN_DELAY_MS)
    expect(fixture.expired).toEqual(['7', '7'])
  })

  it('never concerns a lease that has been revoked', async () => {
    fixture.lead()
    fixture.grant('7', 2)
    fixture.end('7')
    await fixture.pass(10_000)
    expect(fixture.expired).toEqual([])
  })

  it('takes a bounded number of leases a scan (etcd: 1,000 a second)', async () => {
    fixture.lead()
    const count = 2 * MAX_EXPIRIES_PER_SCAN + 10
    for (let id = 1; id <= count; id++) fixture.grant(String(id), 2)
    await fixture.until(() => fixture.expired.length > 0)
    expect(fixture.expired).toHaveLength(MAX_EXPIRIES_PER_SCAN)
    await fixture.pass(LEASE_SCAN_MS - TICK_MS)
    expect(fixture.expired).toHaveLength(MAX_EXPIRIES_PER_SCAN)
    await fixture.pass(TICK_MS)
    expect(fixture.expired).toHaveLength(2 * MAX_EXPIRIES_PER_SCAN)
    await fixture.pass(LEASE_SCAN_MS)
    expect(new Set(fixture.expired).size).toBe(count)
  })
})

describe('a change of leader (etcd: Lessor.Promote; #9888)', () => {
  it('re-arms every lease with its TTL and an election timeout', async () => {
    fixture.leases = [leaseOf('7', 2), leaseOf('8', 5)]
    await fixture.pass(10_000)
    fixture.lead()
    expect(keeper.remainingMs('7', performance.now())).toBe(2_000 + ELECTION_TIMEOUT_MS)
    expect(keeper.remainingMs('8', performance.now())).toBe(5_000 + ELECTION_TIMEOUT_MS)
    await fixture.pass(2_900)
    expect(fixture.expired).toEqual([])
    await fixture.pass(100 + SCAN_DELAY_MS)
    expect(fixture.expired).toEqual(['7'])
  })

  it('stops counting when it is demoted, and knows nothing any more', async () => {
    fixture.lead()
    fixture.grant('7', 2)
    keeper.demote()
    expect(keeper.leads).toBe(false)
    await fixture.pass(10_000)
    expect(fixture.expired).toEqual([])
    await expect(keeper.renew('7')).rejects.toEqual(new NodeError('noLeader', 'not-applied'))
  })

  it('stamps an expiry with the term in which the time was counted (etcd #17425)', async () => {
    fixture.leases = [leaseOf('7', 2)]
    fixture.lead(3)
    keeper.demote()
    fixture.lead(5)
    await fixture.pass(2_000 + ELECTION_TIMEOUT_MS + SCAN_DELAY_MS)
    expect(fixture.expiries).toMatchObject([{ lease: { id: '7' }, term: 5 }])
  })

  it('counts anew for a lease whose expiry was under way when leadership was lost', async () => {
    fixture.lead(1)
    fixture.grant('7', 2)
    await fixture.pass(2_000 + SCAN_DELAY_MS)
    keeper.demote()
    fixture.lead(2)
    expect(await keeper.renew('7')).toBe(2)
    await fixture.pass(1_000)
    fixture.expiries[0]!.resolve()
    await turn()
    expect(keeper.remainingMs('7', performance.now())).toBe(1_000)
  })
})

describe('confirmation by a quorum (etcd #15247)', () => {
  beforeEach(() => {
    fixture.confirmations = []
    fixture.lead()
    fixture.grant('7', 2)
  })

  it('comes before any expiry is proposed', async () => {
    await fixture.until(() => fixture.confirmations!.length > 0)
    expect(fixture.confirmations).toHaveLength(1)
    expect(fixture.expired).toEqual([])
    fixture.confirmations![0]!.resolve()
    await turn()
    expect(fixture.expired).toEqual(['7'])
  })

  it('is asked again at a later scan when it was not given', async () => {
    await fixture.pass(2_000 + SCAN_DELAY_MS)
    fixture.confirmations![0]!.reject(new NodeError('noLeader', 'not-applied'))
    await turn()
    expect(fixture.expired).toEqual([])
    await fixture.pass(SCAN_DELAY_MS)
    fixture.confirmations!.at(-1)!.resolve()
    await turn()
    expect(fixture.expired).toEqual(['7'])
  })

  it('is worth nothing when leadership was lost before it could be used', async () => {
    await fixture.pass(2_000 + SCAN_DELAY_MS)
    keeper.demote()
    fixture.confirmations![0]!.resolve()
    await turn()
    expect(fixture.expired).toEqual([])
  })

  it('is worth nothing in a later term of the same leader', async () => {
    await fixture.pass(2_000 + SCAN_DELAY_MS)
    keeper.demote()
    fixture.lead(2)
    const inFirstTerm = fixture.confirmations!.splice(0)
    await fixture.until(() => fixture.confirmations!.length > 0)
    for (const confirmation of inFirstTerm) confirmation.resolve()
    await turn()
    expect(fixture.expired).toEqual([])
    fixture.confirmations![0]!.resolve()
    await turn()
    expect(fixture.expiries).toMatchObject([{ lease: { id: '7' }, term: 2 }])
  })

  it('leaves alone a lease that was renewed meanwhile', async () => {
    await fixture.pass(2_000 + SCAN_DELAY_MS)
    expect(await keeper.renew('7')).toBe(2)
    fixture.confirmations![0]!.resolve()
    await turn()
    expect(fixture.expired).toEqual([])
  })

  it('leaves alone a lease that was revoked meanwhile', async () => {
    await fixture.pass(2_000 + SCAN_DELAY_MS)
    fixture.end('7')
    fixture.confirmations![0]!.resolve()
    await turn()
    expect(fixture.expired).toEqual([])
  })

  it('given twice late, still leads to one proposal', async () => {
    await fixture.pass(2_000 + 2 * SCAN_DELAY_MS)
    expect(fixture.confirmations!.length).toBeGreaterThan(1)
    for (const confirmation of fixture.confirmations!) confirmation.resolve()
    await turn()
    expect(fixture.expired).toEqual(['7'])
  })
})

describe('a lease that is being expired (etcd §8.28, #20615)', () => {
  beforeEach(async () => {
    fixture.lead()
    fixture.grant('7', 2)
    await fixture.pass(2_000 + SCAN_DELAY_MS)
  })

  it('cannot be renewed until that is decided, and then no longer exists', async () => {
    const renewals = [track(keeper.renew('7')), track(keeper.renew('7'))]
    await fixture.pass(1_000)
    expect(renewals.map(({ state }) => state)).toEqual(['pending', 'pending'])
    fixture.end('7')
    await turn()
    expect(renewals).toEqual([
      { state: 'fulfilled', value: undefined },
      { state: 'fulfilled', value: undefined },
    ])
  })

  it('can be renewed when the expiry was certainly not applied', async () => {
    const renewal = track(keeper.renew('7'))
    fixture.expiries[0]!.reject(new NodeError('tooManyRequests', 'not-applied'))
    await turn()
    expect(renewal).toEqual({ state: 'fulfilled', value: 2 })
    await fixture.pass(1_900)
    expect(fixture.expired).toEqual(['7'])
  })

  it('stays blocked when nobody knows whether the expiry will be applied', async () => {
    const renewal = track(keeper.renew('7'))
    fixture.expiries[0]!.reject(new NodeError('stopped', 'unknown'))
    await turn()
    expect(renewal.state).toBe('pending')
    fixture.end('7')
    await turn()
    expect(renewal).toEqual({ state: 'fulfilled', value: undefined })
  })

  it('is left to the next leader when leadership is lost', async () => {
    const renewal = track(keeper.renew('7'))
    keeper.demote()
    await turn()
    expect(renewal).toEqual({
      state: 'rejected',
      error: new NodeError('noLeader', 'not-applied'),
    })
  })
})

describe('questions', () => {
  it('answers undefined for a lease that does not exist', async () => {
    fixture.lead()
    expect(await keeper.renew('9')).toBeUndefined()
    expect(keeper.remainingMs('9', performance.now())).toBeUndefined()
  })

  it('tells what remains, never less than nothing', async () => {
    fixture.confirmations = []
    fixture.lead()
    fixture.grant('7', 2)
    await fixture.pass(500)
    expect(keeper.remainingMs('7', performance.now())).toBe(1_500)
    await fixture.pass(5_000)
    expect(keeper.remainingMs('7', performance.now())).toBe(0)
  })

  it('lists leases by soonest expiry', async () => {
    fixture.lead()
    fixture.grant('1', 9)
    fixture.grant('2', 3)
    fixture.grant('3', 6)
    expect(keeper.idsBySoonestExpiry()).toEqual(['2', '3', '1'])
    await fixture.pass(2_000)
    await keeper.renew('2')
    expect(keeper.idsBySoonestExpiry()).toEqual(['2', '3', '1'])
    await fixture.pass(2_000)
    await keeper.renew('2')
    expect(keeper.idsBySoonestExpiry()).toEqual(['3', '2', '1'])
  })

  it('answers nothing at all unless it leads', async () => {
    const error = new NodeError('noLeader', 'not-applied')
    await expect(keeper.renew('7')).rejects.toEqual(error)
    expect(() => keeper.remainingMs('7', 0)).toThrow(error)
    expect(() => keeper.idsBySoonestExpiry()).toThrow(error)
  })
})

describe('what a long lease has left (§8.27, etcd #9888)', () => {
  const LONG = 3 * (LEASE_CHECKPOINT_MS / 1000)
  const PERIOD = LEASE_CHECKPOINT_MS + SCAN_DELAY_MS

  it('is noted every five minutes', async () => {
    fixture.lead()
    fixture.grant('7', LONG)
    await fixture.pass(LEASE_CHECKPOINT_MS - TICK_MS)
    expect(fixture.checkpoints).toEqual([])
    await fixture.pass(SCAN_DELAY_MS)
    const [{ checkpoints, term }] = fixture.checkpoints as [(typeof fixture.checkpoints)[0]]
    expect(term).toBe(1)
    expect(checkpoints).toMatchObject([{ id: '7', grantedIndex: 1 }])
    expect(checkpoints[0]!.remainingSeconds).toBeGreaterThanOrEqual(LONG - PERIOD / 1000)
    expect(checkpoints[0]!.remainingSeconds).toBeLessThanOrEqual(
      LONG - LEASE_CHECKPOINT_MS / 1000 + 1,
    )
    await fixture.apply()
    await fixture.pass(PERIOD)
    expect(fixture.checkpoints).toHaveLength(1)
  })

  it('is not noted of one that is shorter', async () => {
    fixture.lead()
    fixture.grant('7', LEASE_CHECKPOINT_MS / 1000)
    await fixture.pass(PERIOD)
    expect(fixture.checkpoints).toEqual([])
  })

  it('is all that a new leader gives it', () => {
    fixture.leases = [{ ...leaseOf('7', LONG), remainingSeconds: 60 }]
    fixture.lead(2)
    expect(keeper.remainingMs('7', performance.now())).toBe(60_000 + ELECTION_TIMEOUT_MS)
  })

  it('is forgotten before a renewal is confirmed', async () => {
    fixture.leases = [{ ...leaseOf('7', LONG), remainingSeconds: 60 }]
    fixture.lead(2)
    const renewal = track(keeper.renew('7'))
    await turn()
    expect(renewal.state).toBe('pending')
    expect(fixture.checkpoints).toMatchObject([
      { term: 2, checkpoints: [{ id: '7', remainingSeconds: 0 }] },
    ])
    await fixture.apply()
    expect(renewal).toEqual({ state: 'fulfilled', value: LONG })
    expect(fixture.leases[0]!.remainingSeconds).toBeUndefined()
  })

  it('that is being noted is waited for, and then forgotten', async () => {
    fixture.lead()
    fixture.grant('7', LONG)
    await fixture.pass(PERIOD)
    const renewal = track(keeper.renew('7'))
    await fixture.apply()
    expect(renewal.state).toBe('pending')
    expect(fixture.checkpoints).toMatchObject([{ checkpoints: [{ remainingSeconds: 0 }] }])
    await fixture.apply()
    expect(renewal).toEqual({ state: 'fulfilled', value: LONG })
  })

  it('that cannot be forgotten fails the renewal', async () => {
    fixture.leases = [{ ...leaseOf('7', LONG), remainingSeconds: 60 }]
    fixture.lead(2)
    const renewal = track(keeper.renew('7'))
    await turn()
    fixture.checkpoints.shift()!.reject(new NodeError('timeout', 'unknown'))
    await turn()
    expect(renewal).toMatchObject({ state: 'rejected', error: expect.any(NodeError) as unknown })
  })
})
