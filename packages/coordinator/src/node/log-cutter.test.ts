/** Where the log is cut (Raft §7; etcd: SnapshotCatchUpEntries). */

import { expect, it } from 'vitest'
import { LogCutter } from './log-cutter.js'

function cutsOf(more: { durable: number; sent?: number; kept?: number; first?: number }): number[] {
  const { durable, sent = Infinity, kept = 100, first = 1 } = more
  const cuts: number[] = []
  const log = { firstIndex: () => first, cut: (index: number) => void cuts.push(index) }
  const cutter = new LogCutter({
    log,
    durableIndex: () => durable,
    oldestSentIndex: () => sent,
    keptEntries: kept,
  })
  cutter.tick()
  return cuts
}

it('keeps entries for followers that were away for a moment', () => {
  expect(cutsOf({ durable: 1_000 })).toEqual([900])
})

it('cuts many at a time, since a cut is a transaction', () => {
  expect(cutsOf({ durable: 199 })).toEqual([])
  expect(cutsOf({ durable: 200 })).toEqual([100])
  expect(cutsOf({ durable: 1_000, first: 850 })).toEqual([])
})

it('never cuts what only memory has applied, since that is applied again after a power loss', () => {
  expect(cutsOf({ durable: 0, kept: 0 })).toEqual([0])
  expect(cutsOf({ durable: 50, kept: 0 })).toEqual([50])
})

it('keeps what follows a snapshot on its way: the follower goes on behind it', () => {
  expect(cutsOf({ durable: 10_000, sent: 3_000 })).toEqual([2_900])
})
