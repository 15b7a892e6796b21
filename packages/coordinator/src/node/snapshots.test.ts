/** What becomes of a snapshot that a follower needs (Raft §7; catalogue 40, 42). */

import type { InstallSnapshot } from '@holdfast/raft'
import { beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../time/clock.js'
import { RETRY_MS, Snapshots, type StateSnapshot } from './snapshots.js'

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
  readonly clock = systemClock
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
