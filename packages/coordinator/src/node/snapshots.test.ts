/** What becomes of a snapshot that a follower needs (Raft §7; catalogue 40, 42). */

import type { InstallSnapshot } from '@holdfast/raft'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock, type Clock } from '../time/clock.js'
import { MAX_RETRY_MS, RETRY_MS, Snapshots, type StateSnapshot } from './snapshots.js'

const message: InstallSnapshot = {
  type: 'installSnapshot',
  from: '1',
  to: '2',
  term: 1,
  snapshot: { index: 9, term: 1, membership: { voters: ['1', '2'], learners: [] } },
}

class Parts {
  readonly journal: string[] = []
  leads = true
  hasRoom = (): boolean => true
  take = (): Promise<StateSnapshot> =>
    Promise.resolve({
      ...{ index: 9, path: 'p', bytes: 1, sha256: '' },
      release: () => this.journal.push('released'),
    })
  send = (): Promise<void> => {
    this.journal.push('sent')
    return Promise.resolve()
  }
  wake = (): void => undefined
  clock: Clock = systemClock
  readonly raft = {
    installSnapshotMessage: (): InstallSnapshot | undefined => (this.leads ? message : undefined),
    reportSnapshot: (id: string, index: number | undefined): void => {
      this.journal.push(`${id} has ${index ?? 'nothing'}`)
    },
  }
}

let parts: Parts
let snapshots: Snapshots
beforeEach(() => {
  parts = new Parts()
  snapshots = new Snapshots(parts)
})

describe('a follower that lacks what is cut from the log', () => {
  it('is sent the state, and the core is told how far it is then', async () => {
    await snapshots.sendTo('2')
    expect(parts.journal).toEqual(['sent', 'released', '2 has 9'])
  })

  it('is asked for again only after a while when it could not be sent', async () => {
    parts.send = () => Promise.reject(new Error('it is of no use here now'))
    const begun = performance.now()
    await snapshots.sendTo('2')
    // A timer may fire a little before its time, by this clock.
    expect(performance.now() - begun).toBeGreaterThan(RETRY_MS - 5)
    expect(parts.journal).toEqual(['released', '2 has nothing'])
  })

  it('costs a copy of the state less and less often for as long as it cannot take it', async () => {
    const waitedMs: number[] = []
    const after: Clock['after'] = (delayMs, action) => {
      waitedMs.push(delayMs)
      return systemClock.afterPoll(action)
    }
    parts.clock = { ...systemClock, after }
    const { send } = parts
    const refuse = (): Promise<void> => Promise.reject(new Error('it is of no use here now'))
    parts.send = refuse
    for (let time = 0; time < 7; time += 1) await snapshots.sendTo('2')
    expect(waitedMs).toEqual([1, 2, 4, 8, 16, 30, 30].map((seconds) => seconds * RETRY_MS))
    expect(MAX_RETRY_MS).toBe(30 * RETRY_MS)
    await snapshots.sendTo('3')
    expect(waitedMs.at(-1)).toBe(RETRY_MS)
    parts.send = send
    await snapshots.sendTo('2')
    parts.send = refuse
    await snapshots.sendTo('2')
    expect(waitedMs.at(-1)).toBe(RETRY_MS)
  })

  it('is reported of once when a later leadership asks for it again before the wait is over', async () => {
    const waiting: (() => void)[] = []
    const after: Clock['after'] = (_delayMs, action) => {
      waiting.push(action)
      return () => undefined
    }
    parts.clock = { ...systemClock, after }
    parts.send = () => Promise.reject(new Error('it is of no use here now'))
    const both = [snapshots.sendTo('2'), snapshots.sendTo('2')]
    await expect.poll(() => waiting.length).toBe(2)
    for (const end of waiting) end()
    await Promise.all(both)
    expect(parts.journal.filter((call) => call === '2 has nothing')).toHaveLength(1)
  })

  it('is not sent a copy that there is no room for here', async () => {
    parts.hasRoom = () => false
    await snapshots.sendTo('2')
    expect(parts.journal).toEqual(['2 has nothing'])
  })

  it('gets nothing from a member that has ceased to lead, or that cannot copy its state', async () => {
    parts.leads = false
    await snapshots.sendTo('2')
    expect(parts.journal).toEqual(['released', '2 has nothing'])
    parts.take = () => Promise.reject(new Error('no space'))
    await snapshots.sendTo('3')
    expect(parts.journal.at(-1)).toBe('3 has nothing')
  })

  it('is not reported of by a member that has stopped', async () => {
    parts.send = () => Promise.reject(new Error('closing'))
    const ended = snapshots.sendTo('2')
    snapshots.close()
    await ended
    expect(parts.journal).toEqual(['released'])
  })
})
