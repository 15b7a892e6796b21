/** The log's two halves, storage and tail, must look like one: checked against a plain array. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveConfig } from './config.js'
import { entryBytes, totalBytes, type Entry } from './entry.js'
import { LogTail } from './log-tail.js'
import { MembershipLog } from './membership-log.js'
import { MemoryLog } from './memory-log.test-support.js'
import { RaftLog } from './raft-log.js'
import { entry, logOf, membershipEntry } from './test-member.test-support.js'

/** A log whose disk works in step with it. */
class LogUnderTest {
  readonly disk: MemoryLog
  readonly log: RaftLog

  constructor(entries: readonly Entry[], maxApplyingBytes = 1_000) {
    this.disk = new MemoryLog({ voters: ['1'], entries })
    this.log = new RaftLog(
      this.disk,
      new MembershipLog(this.disk.initialState().memberships),
      resolveConfig({ id: '1', seed: 1, maxApplyingBytes }),
    )
  }

  write(): void {
    const entries = this.log.beginWrite(1, false)
    const index = this.log.lastIndex
    const snapshot = this.log.takeSnapshot()
    this.disk.begin({ hardState: undefined, snapshot, entries, messages: [], term: 1, index })
  }

  complete(): void {
    const append = this.disk.complete()
    if (append !== undefined) this.log.completeWrite(append.term, append.index, 1)
  }
}

describe('positions', () => {
  const { log } = new LogUnderTest(logOf(1, 1, 2, 4, 4))

  test.each<[number, number, boolean]>([
    [0, 0, true],
    [1, 1, true],
    [3, 2, true],
    [3, 1, false],
    [5, 4, true],
    [6, 4, false],
  ])('index %i of term %i matches: %s', (index, term, expected) => {
    expect(log.matches({ index, term })).toBe(expected)
  })

  test.each<[number, number, number, number]>([
    [5, 4, 5, 4],
    [5, 3, 3, 2],
    [4, 1, 2, 1],
    [9, 9, 5, 4],
    [5, 0, 0, 0],
    [0, 5, 0, 0],
  ])('the newest at or below index %i and term %i is (%i, %i)', (...row) => {
    const [index, term, atIndex, atTerm] = row
    expect(log.newestAtOrBelow(index, term)).toEqual({ index: atIndex, term: atTerm })
  })
})

describe('the invariants of appending', () => {
  test.each<[string, Entry[]]>([
    ['follows entry', [entry(3, 2)]],
    ['terms fall', [entry(2, 1)]],
  ])('%s', (message, entries) => {
    const { log } = new LogUnderTest([entry(1, 2)])
    expect(() => log.append(entries)).toThrow(message)
  })

  test('the commit index never falls and never passes the log', () => {
    const { log } = new LogUnderTest(logOf(1, 1))
    log.commitTo(2)
    log.commitTo(1)
    expect(log.commitIndex).toBe(2)
    expect(() => log.commitTo(3)).toThrow('this log ends before it')
  })
})

describe('what the storage need not be read for', () => {
  test('is what is durable and waits to be applied', () => {
    const under = new LogUnderTest([])
    const { log, disk } = under
    log.append(logOf(1, 1))
    under.write()
    under.complete()
    log.commitTo(2)
    disk.entries = () => {
      throw new Error('the storage was read')
    }
    expect(log.handOutCommitted()).toEqual(logOf(1, 1))
    expect(() => log.entries(1, 3, 100)).toThrow('the storage was read')
  })

  test('is bounded: what waits longer is read again', () => {
    const under = new LogUnderTest([], 40)
    under.log.append(logOf(1, 1, 1, 1))
    under.write()
    under.complete()
    let reads = 0
    const read = under.disk.entries.bind(under.disk)
    under.disk.entries = (...range) => {
      reads += 1
      return read(...range)
    }
    under.log.commitTo(4)
    expect(under.log.handOutCommitted()).toEqual(logOf(1, 1))
    expect(reads).toBe(1)
  })
})

test('the memberships before what is compacted are forgotten', () => {
  const membership = { voters: ['1'], learners: [] }
  const under = new LogUnderTest([1, 2, 3].map((index) => membershipEntry(index, 1, membership)))
  expect(under.log.membership.at(0)).toEqual(membership)
  under.disk.compact(2)
  under.log.append([entry(4, 1)])
  under.write()
  under.complete()
  expect(() => under.log.membership.at(1)).toThrow('is not known any more')
  expect(under.log.membership.at(2)).toMatchObject(membership)
})

test('the tail knows its size after appending, truncating and dropping', () => {
  const tail = new LogTail(0, 0)
  tail.append(logOf(1, 1, 1, 1, 1))
  tail.truncateFrom(4, 1)
  tail.dropThrough(1)
  expect(tail.bytes).toBe(totalBytes(tail.slice(2, 4, Infinity)))
  tail.truncateFrom(1, 0)
  expect([tail.bytes, tail.firstIndex, tail.lastIndex]).toEqual([0, 1, 0])
})

describe('against a plain array', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant('accept' as const), back: fc.nat(6), count: fc.nat(5) }),
    fc.record({ kind: fc.constant('write' as const) }),
    fc.record({ kind: fc.constant('complete' as const) }),
    fc.record({ kind: fc.constant('commit' as const), ahead: fc.nat(3) }),
    fc.record({ kind: fc.constant('apply' as const) }),
    fc.record({ kind: fc.constant('compact' as const), back: fc.nat(3) }),
    fc.record({ kind: fc.constant('restore' as const), ahead: fc.integer({ min: 1, max: 6 }) }),
  )

  test('terms, ranges and durability agree after any sequence of steps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(200), (steps, maxBytes) => {
        const under = new LogUnderTest(logOf(1, 1), 60)
        const { log } = under
        const model: Entry[] = logOf(1, 1)
        let term = 1
        let appliedIndex = 0
        for (const action of steps) {
          if (action.kind === 'write') under.write()
          if (action.kind === 'complete') under.complete()
          if (action.kind === 'append') {
            for (let more = 0; more < action.count; more += 1) {
              const next = entry(model.length + 1, term)
              model.push(next)
              log.append([next])
            }
          }
          if (action.kind === 'accept') {
            const prev = Math.max(log.commitIndex, model.length - action.back)
            term += 1
            const fresh = Array.from({ length: action.count }, (_, at) =>
              entry(prev + at + 1, term),
            )
            if (fresh.length > 0) model.splice(prev, Infinity, ...fresh)
            log.accept(fresh)
          }
          if (action.kind === 'commit') {
            log.commitTo(Math.min(model.length, log.commitIndex + action.ahead))
          }
          if (action.kind === 'apply' && log.hasCommittedToHandOut) {
            const handedOut = log.handOutCommitted()
            expect(handedOut).toEqual(model.slice(handedOut[0]!.index - 1, handedOut.at(-1)!.index))
            appliedIndex = handedOut.at(-1)!.index
            log.onApplied(appliedIndex)
          }
          if (action.kind === 'compact') {
            under.disk.compact(Math.min(appliedIndex, under.disk.lastIndex()) - action.back)
          }
          if (action.kind === 'restore') {
            const index = log.commitIndex + action.ahead
            term += 1
            model.length = log.commitIndex
            while (model.length < index) model.push(entry(model.length + 1, term))
            log.restore({ index, term, membership: { voters: ['1'], learners: [] } })
            expect([log.commitIndex, log.hasCommittedToHandOut]).toEqual([index, false])
            appliedIndex = index
          }
          compare(under, model, maxBytes)
        }
      }),
      { numRuns: 400, seed: 7 },
    )
  })

  function compare({ log, disk }: LogUnderTest, model: readonly Entry[], maxBytes: number): void {
    expect(log.lastIndex).toBe(model.length)
    const { firstIndex, durableIndex } = log
    for (let index = Math.max(1, firstIndex - 1); index <= model.length; index += 1) {
      expect(log.term(index)).toBe(model[index - 1]!.term)
    }
    const diskFrom = disk.firstIndex() - 1
    const durable = disk.all.slice(0, Math.max(0, durableIndex - diskFrom))
    expect(durable).toEqual(model.slice(diskFrom, durableIndex))
    for (let from = firstIndex; from <= model.length; from += 1) {
      let to = from
      for (let bytes = 0; to <= model.length; to += 1) {
        bytes += entryBytes(model[to - 1]!)
        if (bytes > maxBytes && to > from) break
      }
      expect(log.entries(from, model.length + 1, maxBytes)).toEqual(model.slice(from - 1, to - 1))
    }
  }
})
