/** Linearizable reads (thesis §6.4; catalogue 63 and 64): rounds, answers, retries and deadlines. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemClock } from '../time/clock.js'
import { NodeError } from './node-error.js'
import { MAX_PENDING_READS, READ_RETRY_MS, ReadBarrier } from './read-barrier.js'
import { track, turn, type Tracked } from './tracked.test-support.js'

const TIMEOUT_MS = 7_000

let asked: number[]
let wakes: number
let barrier: ReadBarrier

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  asked = []
  wakes = 0
  barrier = createBarrier()
})

afterEach(() => {
  vi.useRealTimers()
})

function createBarrier(appliedIndex = 0): ReadBarrier {
  return new ReadBarrier({
    ask: (ref) => asked.push(ref),
    wake: () => {
      wakes += 1
    },
    clock: systemClock,
    appliedIndex,
  })
}

function read(timeoutMs = TIMEOUT_MS): Tracked<void> {
  return track(barrier.wait(timeoutMs))
}

function tickAfter(ms: number): void {
  vi.advanceTimersByTime(ms)
  barrier.tick(performance.now())
}

/** What the reads look like once everything that is settled has been told. */
async function states(...reads: readonly Tracked<void>[]): Promise<string[]> {
  await turn()
  return reads.map(({ state }) => state)
}

const lastAsked = (): number => asked.at(-1)!

describe('rounds (etcd: linearizableReadLoop)', () => {
  it('asks once for all reads that wait at that moment', async () => {
    const reads = [read(), read(), read()]
    expect(wakes).toBeGreaterThan(0)
    barrier.submit()
    expect(asked).toHaveLength(1)
    barrier.onReadState(lastAsked(), 0)
    expect(await states(...reads)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
  })

  it('asks nothing when no read waits', () => {
    barrier.submit()
    expect(asked).toEqual([])
  })

  it('starts the next round only when the first has ended', async () => {
    const first = read()
    barrier.submit()
    const second = read()
    barrier.submit()
    expect(asked).toHaveLength(1)
    wakes = 0
    barrier.onReadState(lastAsked(), 0)
    expect(wakes).toBe(1)
    expect(await states(first, second)).toEqual(['fulfilled', 'pending'])
    barrier.submit()
    expect(asked).toHaveLength(2)
    expect(asked[1]).not.toBe(asked[0])
    barrier.onReadState(lastAsked(), 0)
    expect(await states(second)).toEqual(['fulfilled'])
  })

  it('does not serve a read by a round that began before it arrived', async () => {
    read()
    barrier.submit()
    const late = read()
    barrier.onReadState(lastAsked(), 0)
    barrier.onReadState(lastAsked(), 0)
    expect(await states(late)).toEqual(['pending'])
  })

  it('ignores an answer to a round that it has given up (catalogue 64)', async () => {
    const waiting = read()
    barrier.submit()
    const stale = lastAsked()
    barrier.onLeaderChange()
    barrier.submit()
    barrier.onReadState(stale, 0)
    expect(await states(waiting)).toEqual(['pending'])
    barrier.onReadState(lastAsked(), 0)
    expect(await states(waiting)).toEqual(['fulfilled'])
  })

  it('ignores an answer that arrives between giving a round up and asking anew', async () => {
    const waiting = read()
    barrier.submit()
    barrier.onLeaderChange()
    barrier.onReadState(lastAsked(), 0)
    expect(await states(waiting)).toEqual(['pending'])
  })
})

describe('the applied index (thesis §6.4, step 4)', () => {
  it('answers only when everything up to the read index has been applied', async () => {
    const waiting = read()
    barrier.submit()
    barrier.onReadState(lastAsked(), 10)
    expect(await states(waiting)).toEqual(['pending'])
    barrier.onApplied(9)
    expect(await states(waiting)).toEqual(['pending'])
    barrier.onApplied(10)
    expect(await states(waiting)).toEqual(['fulfilled'])
  })

  it('answers at once when the index was applied before, even before a restart', async () => {
    barrier = createBarrier(10)
    const waiting = read()
    barrier.submit()
    barrier.onReadState(lastAsked(), 10)
    expect(await states(waiting)).toEqual(['fulfilled'])
  })

  it('opens the next round while confirmed reads wait for the state', async () => {
    const first = read()
    barrier.submit()
    barrier.onReadState(lastAsked(), 5)
    const second = read()
    barrier.submit()
    expect(asked).toHaveLength(2)
    barrier.onReadState(lastAsked(), 8)
    barrier.onApplied(6)
    expect(await states(first, second)).toEqual(['fulfilled', 'pending'])
    barrier.onApplied(8)
    expect(await states(second)).toEqual(['fulfilled'])
  })
})

describe('silence and a change of leader', () => {
  it('asks again under a new ref when a round stays unanswered (etcd: 500 ms)', () => {
    read()
    barrier.submit()
    tickAfter(READ_RETRY_MS - 1)
    barrier.submit()
    expect(asked).toHaveLength(1)
    wakes = 0
    tickAfter(1)
    expect(wakes).toBe(1)
    barrier.submit()
    expect(asked).toHaveLength(2)
    expect(asked[1]).not.toBe(asked[0])
  })

  it('counts the silence anew from each time of asking', () => {
    read()
    barrier.submit()
    tickAfter(READ_RETRY_MS)
    barrier.submit()
    tickAfter(READ_RETRY_MS - 1)
    barrier.submit()
    expect(asked).toHaveLength(2)
  })

  it('asks a new leader at once, also for what arrived meanwhile', async () => {
    const early = read()
    barrier.submit()
    const late = read()
    wakes = 0
    barrier.onLeaderChange()
    expect(wakes).toBe(1)
    barrier.submit()
    expect(asked).toHaveLength(2)
    barrier.onReadState(lastAsked(), 0)
    expect(await states(early, late)).toEqual(['fulfilled', 'fulfilled'])
  })

  it('asks again at the next tick what the core dropped, and not before', async () => {
    const dropped = read()
    barrier.submit()
    barrier.onDropped([lastAsked()])
    barrier.submit()
    expect(asked).toHaveLength(1)
    tickAfter(1)
    barrier.submit()
    expect(asked).toHaveLength(2)
    barrier.onReadState(lastAsked(), 0)
    expect(await states(dropped)).toEqual(['fulfilled'])
  })

  it('asks a new leader at once for what the core dropped', () => {
    read()
    barrier.submit()
    barrier.onDropped([lastAsked()])
    barrier.onLeaderChange()
    barrier.submit()
    expect(asked).toHaveLength(2)
  })

  it('ignores that a round which it has given up was dropped', () => {
    read()
    barrier.submit()
    const stale = lastAsked()
    barrier.onLeaderChange()
    barrier.submit()
    barrier.onDropped([stale])
    barrier.submit()
    expect(asked).toHaveLength(2)
  })

  it('does not stir when the leader changes while nothing is asked', () => {
    barrier.onLeaderChange()
    expect(wakes).toBe(0)
  })
})

describe('deadlines and limits', () => {
  it('gives up on reads that no leader confirmed in time, and only on those', async () => {
    const short = read(1_000)
    barrier.submit()
    const long = read(3_000)
    tickAfter(999)
    expect(await states(short)).toEqual(['pending'])
    tickAfter(1)
    expect(await states(short, long)).toEqual(['rejected', 'pending'])
    expect(short.error).toEqual(new NodeError('noLeader', 'not-applied'))
  })

  it('gives up on confirmed reads whose state does not catch up in time', async () => {
    const short = read(1_000)
    const long = read(3_000)
    barrier.submit()
    barrier.onReadState(lastAsked(), 4)
    tickAfter(1_000)
    expect(await states(short, long)).toEqual(['rejected', 'pending'])
    expect(short.error).toEqual(new NodeError('timeout', 'not-applied'))
    barrier.onApplied(4)
    expect(await states(long)).toEqual(['fulfilled'])
  })

  it('serves later reads although the round of an expired one is still open', async () => {
    read(100)
    barrier.submit()
    tickAfter(100)
    const next = read()
    barrier.submit()
    barrier.onReadState(lastAsked(), 0)
    barrier.submit()
    barrier.onReadState(lastAsked(), 0)
    expect(await states(next)).toEqual(['fulfilled'])
  })

  it('refuses more reads than may wait, whether they wait for the leader or for the state', async () => {
    const half = MAX_PENDING_READS / 2
    for (let count = 0; count < half; count++) read(1_000)
    barrier.submit()
    barrier.onReadState(lastAsked(), 7)
    for (let count = half; count < MAX_PENDING_READS; count++) read()
    const refused = read()
    expect(await states(refused)).toEqual(['rejected'])
    expect(refused.error).toEqual(new NodeError('tooManyRequests', 'not-applied'))
    tickAfter(1_000)
    expect(await states(read())).toEqual(['pending'])
    barrier.submit()
    barrier.onReadState(lastAsked(), 7)
    barrier.onApplied(7)
    expect(await states(read())).toEqual(['pending'])
  })
})

describe('reads that were served', () => {
  it('make room for others at once', async () => {
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < MAX_PENDING_READS / 2; count++) read()
      barrier.submit()
      barrier.onReadState(lastAsked(), round)
      barrier.onApplied(round)
    }
    expect(await states(read())).toEqual(['pending'])
  })
})

describe('closing', () => {
  it('rejects every read that waits, wherever it waits', async () => {
    const confirmed = read()
    barrier.submit()
    barrier.onReadState(lastAsked(), 4)
    const asking = read()
    barrier.submit()
    const arrived = read()
    barrier.close()
    expect(await states(confirmed, asking, arrived)).toEqual(['rejected', 'rejected', 'rejected'])
    for (const { error } of [confirmed, asking, arrived]) {
      expect(error).toEqual(new NodeError('stopped', 'not-applied'))
    }
  })

  it('refuses reads that arrive afterwards, since no turn would ever serve them', async () => {
    barrier.close()
    const late = read()
    expect(await states(late)).toEqual(['rejected'])
    expect(late.error).toEqual(new NodeError('stopped', 'not-applied'))
  })
})
