import { describe, expect, it } from 'vitest'
import { isLinearizableByBruteForce } from './brute-force.test-support.js'
import type { Change, ChangeEvent } from './change-log.js'
import { closedWorld } from './closed-world.test-support.js'
import { generateKvHistory } from './kv-history.test-support.js'
import { kvModel } from './kv-model.js'
import { withOneWrongAnswer } from './kv-mutation.test-support.js'
import type { KvInput, KvRecord, KvResponse } from './kv-operation.js'
import { at, ifAbsent, ifMod, kvOf, type Seen } from './kv-records.test-support.js'
import { checkLinearizability } from './linearizability.js'
import { Random } from './random.test-support.js'
import { checkRevisions, type SweepOptions } from './revision-sweep.js'

function put(key: string, seen: Seen, lease?: string): ChangeEvent {
  const kv = kvOf(key, seen)
  return { type: 'put', kv: lease === undefined ? kv : { ...kv, lease } }
}

function removal(key: string, modRevision: number): ChangeEvent {
  return { type: 'delete', key, modRevision }
}

/** One list of events for each revision, from 2 on. */
function log(...revisions: readonly (readonly ChangeEvent[])[]): readonly Change[] {
  return revisions.map((events, index) => ({ revision: index + 2, events }))
}

function kinds(
  records: readonly KvRecord[],
  changes: readonly Change[],
  options?: SweepOptions,
): readonly string[] {
  return checkRevisions(records, changes, options).map(({ kind }) => kind)
}

const putA: KvInput = { type: 'put', key: 'a', value: 'x' }
const deleteA: KvInput = { type: 'deleteRange', key: 'a' }
const oneChange = log([put('a', [2, 'x'])])
const twoChanges = log([put('a', [2, 'x'])], [put('a', [3, 'y', 2, 2])])
const twoPuts = [at(0, 1).put('a', 'x', 2), at(2, 3).put('a', 'y', 3)]

describe('a history that the changes explain', () => {
  it('is empty, or has every answer at its revision', () => {
    expect(kinds([], [])).toEqual([])
    const reads = [
      at(-9, -8).get('a', 1, undefined),
      at(0, 9).get('a', 2, [2, 'x']),
      at(4, 5).get('a', 3, [3, 'y', 2, 2]),
      at(4, 5).get('a', 3, [2, 'x'], { revision: 2 }),
      at(4, 5).get('a', 2, [2, 'x'], { serializable: true }),
      at(4, 5).swap(ifMod('a', 2), 'z', 3, false),
      at(4, 5).delete('b', 3, 0),
    ]
    expect(kinds([...twoPuts, ...reads], twoChanges)).toEqual([])
  })

  it('may have lost writes, there or not', () => {
    expect(kinds([at(0, 1).lost(putA)], oneChange)).toEqual([])
    expect(kinds([at(0, 1).lost(putA)], [])).toEqual([])
  })

  it('may have lost writes that are alike, each there once', () => {
    const twice = log([put('a', [2, 'x'])], [put('a', [3, 'x', 2, 2])])
    expect(kinds([at(0, 1).lost(putA), at(0, 1).lost(putA)], twice)).toEqual([])
  })

  it('has transactions that see their own writes (etcd §8.20)', () => {
    const changes = log([put('a', [2, 'x'])], [put('b', [3, 'y']), removal('a', 3)])
    const input: KvInput = {
      type: 'txn',
      compares: [],
      success: [
        { type: 'put', key: 'b', value: 'y' },
        { type: 'range', key: 'a', rangeEnd: 'c' },
        deleteA,
        { type: 'range', key: 'a', rangeEnd: 'c' },
      ],
      failure: [],
    }
    const seeing = (...last: readonly string[]) => {
      const [a, b] = [kvOf('a', [2, 'x']), kvOf('b', [3, 'y'])]
      const kvs = [a, b].filter(({ key }) => last.includes(key))
      return at(2, 3).did(input, 3, {
        type: 'txn',
        succeeded: true,
        responses: [
          { type: 'put' },
          { type: 'range', kvs: [a, b], count: 2 },
          { type: 'deleteRange', deleted: 1 },
          { type: 'range', kvs, count: kvs.length },
        ],
      })
    }
    const first = at(0, 1).put('a', 'x', 2)
    expect(kinds([first, seeing('b')], changes)).toEqual([])
    expect(kinds([first, seeing('a', 'b')], changes)).toEqual(['wrongAnswer'])
  })

  it('gives each change that nobody claims an origin, whichever way it takes', () => {
    // The first of the two deletes can only be the early one's, which also fits the second.
    const changes = log(
      [put('a', [2, 'x'])],
      [removal('a', 3)],
      [put('a', [4, 'x'])],
      [removal('a', 5)],
    )
    const puts = [at(0, 1).put('a', 'x', 2), at(4, 5).put('a', 'x', 4)]
    const lost = [at(2, 3).lost(deleteA), at(6, 7).lost(deleteA)]
    expect(kinds([...puts, ...lost], changes)).toEqual([])
    expect(kinds([...puts, ...[...lost].reverse()], changes)).toEqual([])
    expect(kinds([...puts, lost[1]!, lost[1]!], changes)).toEqual(['writeInThePast'])
  })

  it('has leases that end with all their keys at once, in their order (etcd §8.26)', () => {
    const keys = [put('b', [2, 'x'], '7'), put('a', [2, 'x'], '7')]
    const input: KvInput = {
      type: 'txn',
      compares: [],
      success: [
        { type: 'put', key: 'b', value: 'x', lease: '7' },
        { type: 'put', key: 'a', value: 'x', lease: '7' },
      ],
      failure: [],
    }
    const puts = [at(0, 1).lost(input)]
    const [a, b] = [removal('a', 3), removal('b', 3)]
    expect(kinds(puts, log(keys, [a, b]))).toEqual([])
    expect(kinds(puts, log(keys, [b, a]))).toEqual(['unexplainedChange'])
    expect(kinds(puts, log(keys, [a]))).toEqual(['unexplainedChange'])
    expect(kinds(puts, log(keys, [a, put('b', [3, 'y', 2, 2])]))).toEqual(['unexplainedChange'])
    const moved = put('a', [3, 'y', 2, 2], '8')
    const move = at(2, 3).lost({ type: 'put', key: 'a', value: 'y', lease: '8' })
    expect(kinds([...puts, move], log(keys, [moved], [removal('b', 4)]))).toEqual([])
    const zero = put('a', [2, 'x'], '0')
    expect(kinds([at(0, 1).lost(putA)], log([zero], [removal('a', 3)]))).toEqual([
      'unexplainedChange',
    ])
    const withoutLease = at(0, 1).lost(putA)
    expect(kinds([withoutLease], log([put('a', [2, 'x'])], [removal('a', 3)]))).toEqual([
      'unexplainedChange',
    ])
  })
})

describe('reads', () => {
  it('stale read: below what was told before it began, by whatever operation', () => {
    expect(kinds([...twoPuts, at(4, 5).get('a', 2, [2, 'x'])], twoChanges)).toEqual(['staleRead'])
    const seen = at(2.5, 3.5).get('a', 3, [3, 'y', 2, 2])
    const lost = [at(0, 1).put('a', 'x', 2), at(2, 3).lost({ ...putA, value: 'y' })]
    expect(kinds([...lost, seen, at(4, 5).get('b', 2, undefined)], twoChanges)).toEqual([
      'staleRead',
    ])
    expect(kinds([...lost, seen, at(3.5, 5).get('b', 2, undefined)], twoChanges)).toEqual([])
  })

  it('a swap that fails is a read', () => {
    expect(kinds([...twoPuts, at(4, 5).swap(ifAbsent('a'), 'z', 2, false)], twoChanges)).toEqual([
      'staleRead',
    ])
    expect(kinds([...twoPuts, at(4, 5).swap(ifMod('a', 3), 'z', 3, false)], twoChanges)).toEqual([
      'wrongAnswer',
    ])
  })

  it('dirty read: what no revision holds', () => {
    for (const seen of [
      [3, 'z', 2, 2],
      [3, 'y', 3, 2],
      [3, 'y', 2, 3],
      [2, 'y', 2, 2],
    ] as const) {
      expect(kinds([...twoPuts, at(4, 5).get('a', 3, seen)], twoChanges)).toEqual(['wrongAnswer'])
    }
    expect(kinds([...twoPuts, at(4, 5).get('a', 3, undefined)], twoChanges)).toEqual([
      'wrongAnswer',
    ])
  })

  it('torn read: content of another revision than the header’s', () => {
    const torn = at(2, 3).get('a', 2, [3, 'y', 2, 2])
    expect(kinds([...twoPuts, torn], twoChanges)).toEqual(['wrongAnswer'])
  })

  it('of an old revision show that one, and none that is not there yet', () => {
    const old = (header: number, revision: number, seen: Seen) =>
      kinds([...twoPuts, at(4, 5).get('a', header, seen, { revision })], twoChanges)
    expect(old(3, 2, [2, 'x'])).toEqual([])
    const first = at(4, 5).get('a', 3, undefined, { revision: 1 })
    expect(kinds([...twoPuts, first], twoChanges)).toEqual([])
    expect(old(3, 2, [3, 'y', 2, 2])).toEqual(['wrongAnswer'])
    expect(old(2, 2, [2, 'x'])).toEqual(['staleRead'])
    expect(old(3, 4, [3, 'y', 2, 2])).toEqual(['wrongAnswer', 'missingRevision'])
  })

  it('that may be old are of one revision all the same (etcd §8.12)', () => {
    const old = at(4, 5).get('a', 2, [3, 'y', 2, 2], { serializable: true })
    expect(kinds([...twoPuts, old], twoChanges)).toEqual(['wrongAnswer'])
    const range = { type: 'range', key: 'a', serializable: true } as const
    const input: KvInput = { type: 'txn', compares: [], success: [range], failure: [] }
    const kvs = [kvOf('a', [2, 'x'])]
    const inner = { type: 'range', kvs, count: 1 } as const
    const answer = { type: 'txn', succeeded: true, responses: [inner] } as const
    expect(kinds([...twoPuts, at(4, 5).did(input, 2, answer)], twoChanges)).toEqual([])
    const strict = { ...input, success: [{ ...range, serializable: false }] }
    expect(kinds([...twoPuts, at(4, 5).did(strict, 2, answer)], twoChanges)).toEqual(['staleRead'])
    const half = { ...strict, failure: [range] }
    expect(kinds([...twoPuts, at(4, 5).did(half, 2, answer)], twoChanges)).toEqual(['staleRead'])
  })

  it('know no revision that the changes do not have', () => {
    expect(kinds([at(0, 1).get('a', 2, undefined)], [])).toEqual(['missingRevision'])
    expect(kinds([at(0, 1).get('a', 0, undefined)], [])).toEqual(['missingRevision'])
  })
})

describe('writes', () => {
  it('lost write: an acknowledged one is not there', () => {
    expect(kinds(twoPuts, oneChange)).toEqual(['missingRevision'])
  })

  it('lost update: two swaps of one revision are both told that they succeeded', () => {
    const swap = (startMs: number, revision: number) =>
      at(startMs, startMs + 1).swap(ifMod('a', 2), 'y', revision, true)
    const history = [at(0, 1).put('a', 'x', 2), swap(2, 3), swap(4, 4)]
    const changes = [...twoChanges, { revision: 4, events: [put('a', [4, 'y', 3, 2])] }]
    expect(kinds(history, changes)).toEqual(['wrongEffect', 'wrongAnswer'])
    const shared = [at(0, 1).put('a', 'x', 2), swap(2, 3), swap(2, 3)]
    expect(kinds(shared, twoChanges)).toEqual(['sharedRevision'])
  })

  it('other effect: the revision holds another value, key, lease or order', () => {
    expect(kinds([at(0, 1).put('a', 'y', 2)], oneChange)).toEqual(['wrongEffect'])
    expect(kinds([at(0, 1).put('b', 'x', 2)], oneChange)).toEqual(['wrongEffect'])
    const leased = at(0, 1).did({ ...putA, lease: '7' }, 2, { type: 'put' })
    expect(kinds([leased], oneChange)).toEqual(['wrongEffect'])
    expect(kinds([leased], log([put('a', [2, 'x'], '7')]))).toEqual([])
    expect(kinds([at(0, 1).put('a', 'x', 2)], log([put('a', [2, 'x'], '0')]))).toEqual([])
    const both: KvInput = {
      type: 'txn',
      compares: [],
      success: [putA, { type: 'put', key: 'b', value: 'x' }],
      failure: [],
    }
    const done = at(0, 1).did(both, 2, {
      type: 'txn',
      succeeded: true,
      responses: [{ type: 'put' }, { type: 'put' }],
    })
    expect(kinds([done], log([put('a', [2, 'x']), put('b', [2, 'x'])]))).toEqual([])
    expect(kinds([done], log([put('a', [2, 'x']), put('b', [2, 'y'])]))).toEqual(['wrongEffect'])
    expect(kinds([done], log([put('b', [2, 'x']), put('a', [2, 'x'])]))).toEqual(['wrongEffect'])
    const more = log([put('a', [2, 'x']), put('b', [2, 'x'])])
    expect(kinds([at(0, 1).put('a', 'x', 2)], more)).toEqual(['wrongEffect'])
  })

  it('time travel: a revision below or equal to one that was told before the write began', () => {
    const late = [at(0, 1).put('a', 'y', 3), at(2, 3).put('a', 'x', 2)]
    expect(kinds(late, twoChanges)).toEqual(['writeInThePast'])
    const foreseen = [at(0, 1).get('a', 2, [2, 'x']), at(2, 3).put('a', 'x', 2)]
    expect(kinds(foreseen, oneChange)).toEqual(['writeInThePast'])
    const lost = [at(0, 1).get('a', 2, [2, 'x']), at(2, 3).lost(putA)]
    expect(kinds(lost, oneChange)).toEqual(['writeInThePast'])
  })

  it('double effect: a write is there twice, whether it was answered or lost', () => {
    const twice = log([put('a', [2, 'x'])], [put('a', [3, 'x', 2, 2])])
    expect(kinds([at(0, 1).put('a', 'x', 2)], twice)).toEqual(['effectTwice'])
    expect(kinds([at(0, 1).lost(putA)], twice)).toEqual(['effectTwice'])
    expect(kinds([at(0, 1).lost(putA)], twice, { othersWrite: true })).toEqual(['effectTwice'])
  })

  it('effect of a failure: what certainly had none is there', () => {
    expect(kinds([at(0, 1).failed(putA)], oneChange)).toEqual(['effectOfFailure'])
    expect(kinds([at(0, 1).failed(putA)], [])).toEqual([])
  })

  it('effect from nowhere: nobody asked for it, unless others write too', () => {
    expect(kinds([], oneChange)).toEqual(['unexplainedChange'])
    expect(kinds([], oneChange, { othersWrite: true })).toEqual([])
    const removed = [...oneChange, { revision: 3, events: [removal('a', 3)] }]
    const history = [at(0, 1).put('a', 'x', 2), at(2, 3).failed(deleteA)]
    expect(kinds(history, removed)).toEqual(['effectOfFailure'])
    expect(kinds(history, removed, { othersWrite: true })).toEqual([])
    const mixed = log([put('a', [2, 'x'])], [put('b', [3, 'y']), removal('a', 3)])
    const move: KvInput = {
      type: 'txn',
      compares: [],
      success: [{ type: 'put', key: 'b', value: 'y' }, deleteA],
      failure: [],
    }
    const failed = [at(0, 1).put('a', 'x', 2), at(2, 3).failed(move)]
    expect(kinds(failed, mixed, { othersWrite: true })).toEqual(['effectOfFailure'])
  })

  it('wrong count: of what was deleted, or what was there before', () => {
    const changes = log(
      [put('a', [2, 'x']), put('b', [2, 'x'])],
      [removal('a', 3), removal('b', 3)],
    )
    const both: KvInput = { type: 'deleteRange', key: 'a', rangeEnd: '\0' }
    const deleted = (count: number, prevKvs?: readonly string[]) =>
      at(2, 3).did({ ...both, prevKv: prevKvs !== undefined }, 3, {
        type: 'deleteRange',
        deleted: count,
        ...(prevKvs && { prevKvs: prevKvs.map((key) => kvOf(key, [2, 'x'])) }),
      })
    const others = { othersWrite: true }
    expect(kinds([deleted(2)], changes, others)).toEqual([])
    expect(kinds([deleted(1)], changes, others)).toEqual(['wrongAnswer'])
    expect(kinds([deleted(2, ['a', 'b'])], changes, others)).toEqual([])
    expect(kinds([deleted(2, ['a'])], changes, others)).toEqual(['wrongAnswer'])
    const before = at(4, 5).did({ ...putA, prevKv: true }, 3, { type: 'put' })
    expect(
      kinds(
        [at(0, 1).put('a', 'x', 2), before],
        log([put('a', [2, 'x'])], [put('a', [3, 'x', 2, 2])]),
      ),
    ).toEqual(['wrongAnswer'])
  })

  it('what was there before may be left out where it is nothing', () => {
    const nothing: KvInput = { ...deleteA, prevKv: true }
    const answer = { type: 'deleteRange', deleted: 0 } as const
    expect(kinds([at(0, 1).did(nothing, 1, answer)], [])).toEqual([])
    expect(kinds([at(0, 1).did(deleteA, 1, { ...answer, prevKvs: [] })], [])).toEqual([])
  })

  it('wrong kind: the answer to another operation', () => {
    const inputs: readonly KvInput[] = [
      putA,
      deleteA,
      { type: 'range', key: 'a' },
      { type: 'txn', compares: [], success: [], failure: [] },
    ]
    const answers: readonly KvResponse[] = [
      { type: 'put' },
      { type: 'deleteRange', deleted: 0 },
      { type: 'range', kvs: [], count: 0 },
      { type: 'txn', succeeded: true, responses: [] },
    ]
    for (const input of inputs) {
      for (const answer of answers) {
        const found = kinds([at(0, 1).did(input, 2, answer)], oneChange, { othersWrite: true })
        if (answer.type !== input.type) expect(found).toContain('wrongAnswer')
      }
    }
  })

  it('the violation says which record, and what is there', () => {
    const [violation] = checkRevisions([at(0, 1).put('a', 'y', 2)], oneChange)
    expect(violation?.records).toEqual([at(0, 1).put('a', 'y', 2)])
    expect(violation?.message).toContain('revision 2 holds [{"type":"put"')
    expect(violation?.message).toContain('c0 kv {"type":"put","key":"a","value":"y"}')
  })
})

describe('changes that cannot be', () => {
  const others = { othersWrite: true }
  const first = [put('a', [2, 'x'])]

  it.each<readonly [string, readonly Change[]]>([
    ['gap in the revisions', [{ revision: 3, events: [put('a', [3, 'x'])] }]],
    ['a revision twice', [...log(first), { revision: 2, events: [put('b', [2, 'x'])] }]],
    ['an empty revision', [...log(first), { revision: 3, events: [] }]],
    ['a key twice in one', log([put('a', [2, 'x']), put('a', [2, 'y'])])],
    ['another mod revision', log([put('a', [3, 'x', 1, 2])])],
    ['a delete of another revision', log(first, [removal('a', 2)])],
    ['another create revision', log(first, [put('a', [3, 'y', 2, 3])])],
    ['a version that does not count', log(first, [put('a', [3, 'y', 1, 2])])],
    ['a delete of what is not there', log([removal('a', 2)])],
    ['another previous value', log(first, [{ ...removal('a', 3), prevKv: kvOf('a', [2, 'y']) }])],
  ])('%s', (_, changes) => {
    expect(new Set(kinds([], changes, others))).toEqual(new Set(['impossibleChange']))
  })

  it('and the previous value is right where it is told', () => {
    const removed = { ...removal('a', 3), prevKv: kvOf('a', [2, 'x']) }
    expect(kinds([], log(first, [removed]), others)).toEqual([])
  })
})

describe('generated histories of a correct store', () => {
  const options = { operations: 300, clients: 5, unknown: 0.15, multiKey: true }

  it('have no violation', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const { records, changes } = generateKvHistory(seed, options)
      expect([seed, ...kinds(records, changes)]).toEqual([seed])
    }
  })

  it('have one when a change is left out, made twice, or another', () => {
    const random = new Random(1)
    for (let seed = 0; seed < 50; seed += 1) {
      const { records, changes } = generateKvHistory(seed, options)
      const victim = random.below(changes.length)
      const without = changes.filter((_, index) => index !== victim)
      const renumbered = without.map((change, index) => ({ ...change, revision: index + 2 }))
      const swapped = [...changes]
      swapped[victim] = { ...changes[0]!, revision: victim + 2 }
      const twice = [...changes.slice(0, victim), ...changes.slice(victim - 1)]
      expect(kinds(records, without).length).toBeGreaterThan(0)
      expect(kinds(records, renumbered).length).toBeGreaterThan(0)
      if (victim > 0) expect(kinds(records, swapped).length).toBeGreaterThan(0)
      if (victim > 0) expect(kinds(records, twice).length).toBeGreaterThan(0)
    }
  })

  it('with one wrong answer: what the sweep lets pass, all orders tried one by one let pass', () => {
    const seen = { good: 0, bad: 0 }
    for (let seed = 0; seed < 3000; seed += 1) {
      const small = { operations: 6, unknown: 0.25, multiKey: seed % 2 === 0 }
      const { records, changes } = generateKvHistory(seed, small)
      const mutant = withOneWrongAnswer(new Random(seed), records) ?? records
      const isAccepted = kinds(mutant, changes).length === 0
      if (isAccepted)
        expect([seed, isLinearizableByBruteForce(mutant, closedWorld)]).toEqual([seed, true])
      seen[isAccepted ? 'good' : 'bad'] += 1
    }
    expect(seen.bad).toBeGreaterThan(2400)
  })

  it('with one wrong answer: what the linearizability checker finds, the sweep finds', () => {
    for (let seed = 0; seed < 150; seed += 1) {
      const { records, changes } = generateKvHistory(seed, { operations: 60, unknown: 0.1 })
      const mutant = withOneWrongAnswer(new Random(seed), records) ?? records
      if (checkLinearizability(mutant, kvModel).length === 0) continue
      expect([seed, kinds(mutant, changes).length > 0]).toEqual([seed, true])
    }
  })
})
