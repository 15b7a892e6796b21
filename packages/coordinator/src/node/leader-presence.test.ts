/** Watches that would rather end than stand still without a leader (etcd #10819). */

import { describe, expect, it } from 'vitest'
import { LEADER_LOSS_ELECTION_TIMEOUTS, LeaderPresence } from './leader-presence.js'

const ELECTION_TIMEOUT_MS = 1_000
const TOLERANCE_MS = LEADER_LOSS_ELECTION_TIMEOUTS * ELECTION_TIMEOUT_MS

function presenceAt(nowMs: number): { presence: LeaderPresence; lost: string[] } {
  return { presence: new LeaderPresence(ELECTION_TIMEOUT_MS, nowMs), lost: [] }
}

describe('LeaderPresence', () => {
  it('tolerates three election timeouts without a leader, no less and no more', () => {
    const { presence } = presenceAt(0)
    expect(TOLERANCE_MS).toBe(3_000)
    presence.onLeader(true, 0)
    presence.onLeader(false, 500)
    expect(presence.isLost(500 + TOLERANCE_MS - 1)).toBe(false)
    expect(presence.isLost(500 + TOLERANCE_MS)).toBe(true)
  })

  it('counts from the start for a member that has never had a leader', () => {
    const { presence } = presenceAt(100)
    expect(presence.isLost(TOLERANCE_MS)).toBe(false)
    expect(presence.isLost(100 + TOLERANCE_MS)).toBe(true)
  })

  it('counts from the first report of the loss, however often it is repeated', () => {
    const { presence } = presenceAt(0)
    presence.onLeader(true, 0)
    presence.onLeader(false, 1_000)
    presence.onLeader(false, 3_500)
    expect(presence.isLost(1_000 + TOLERANCE_MS)).toBe(true)
  })

  it('forgets the loss when there is a leader again', () => {
    const { presence } = presenceAt(0)
    presence.onLeader(true, 2_999)
    expect(presence.isLost(1e9)).toBe(false)
    presence.onLeader(false, 5_000)
    expect(presence.isLost(5_000 + TOLERANCE_MS - 1)).toBe(false)
  })

  it('tells each subscriber once, and only when the leader has been missing for too long', () => {
    const { presence, lost } = presenceAt(0)
    presence.subscribe(() => lost.push('a'))
    presence.subscribe(() => lost.push('b'))
    presence.tick(TOLERANCE_MS - 1)
    expect(lost).toEqual([])
    presence.tick(TOLERANCE_MS)
    presence.tick(TOLERANCE_MS + 1)
    expect(lost).toEqual(['a', 'b'])
  })

  it('tells nobody who has unsubscribed, even if that happens while others are being told', () => {
    const { presence, lost } = presenceAt(0)
    const unsubscribe = [() => undefined, () => undefined] as (() => void)[]
    presence.subscribe(() => {
      lost.push('first')
      for (const leave of unsubscribe) leave()
    })
    unsubscribe[0] = presence.subscribe(() => lost.push('second'))
    unsubscribe[1] = presence.subscribe(() => lost.push('third'))
    presence.tick(TOLERANCE_MS)
    expect(lost).toEqual(['first'])
  })

  it('tells who subscribes during a loss at the next tick', () => {
    const { presence, lost } = presenceAt(0)
    presence.subscribe(() => {
      lost.push('early')
      presence.subscribe(() => lost.push('late'))
    })
    presence.tick(TOLERANCE_MS)
    expect(lost).toEqual(['early'])
    presence.tick(TOLERANCE_MS + 100)
    expect(lost).toEqual(['early', 'late'])
  })
})
