import { describe, expect, it } from 'vitest'
import { isLinearizableByBruteForce } from './brute-force.test-support.js'
import { closedWorld } from './closed-world.test-support.js'
import { generateKvHistory } from './kv-history.test-support.js'
import { kvModel } from './kv-model.js'
import { withOneWrongAnswer } from './kv-mutation.test-support.js'
import type { Compare, KvInput, KvRecord } from './kv-operation.js'
import { at, ifAbsent, ifMod, kvOf, swapOf } from './kv-records.test-support.js'
import { checkLinearizability } from './linearizability.js'
import { Random } from './random.test-support.js'

function isGood(...records: readonly KvRecord[]): boolean {
  return checkLinearizability(records, kvModel).length === 0
}

function put(key: string, value: string): KvInput {
  return { type: 'put', key, value }
}

const everything = { key: '\0', rangeEnd: '\0' }

describe('what a client sees of a key (etcd §8.1 to §8.5)', () => {
  const created = at(0, 1).put('a', 'x', 2)

  it('is its value, its revisions and its version', () => {
    expect(isGood(created, at(2, 3).get('a', 2, [2, 'x']))).toBe(true)
    expect(isGood(created, at(2, 3).get('a', 2, [2, 'y']))).toBe(false)
    expect(isGood(created, at(2, 3).get('a', 2, [2, 'x', 2]))).toBe(false)
    expect(isGood(created, at(2, 3).get('a', 2, [2, 'x', 1, 1]))).toBe(false)
    expect(isGood(created, at(2, 3).get('a', 2, [1, 'x', 1, 1]))).toBe(false)
    expect(isGood(created, at(2, 3).get('a', 2, undefined))).toBe(false)
  })

  it('keeps its create revision and counts versions until it is deleted', () => {
    const twice = [created, at(2, 3).put('a', 'y', 5)]
    const again = [...twice, at(4, 5).delete('a', 7, 1), at(6, 7).put('a', 'z', 8)]
    expect(isGood(...twice, at(9, 9).get('a', 5, [5, 'y', 2, 2]))).toBe(true)
    expect(isGood(...twice, at(9, 9).get('a', 5, [5, 'y', 1, 5]))).toBe(false)
    expect(isGood(...again, at(9, 9).get('a', 9, [8, 'z']))).toBe(true)
    expect(isGood(...again, at(9, 9).get('a', 9, [8, 'z', 3, 2]))).toBe(false)
  })

  it('is a revision of its own for each write, and none for a read or a delete of nothing', () => {
    expect(isGood(created, at(2, 3).put('a', 'y', 2))).toBe(false)
    expect(isGood(created, at(2, 3).get('a', 2, [2, 'x']), at(4, 5).delete('b', 2, 0))).toBe(true)
    expect(isGood(created, at(2, 3).delete('a', 2, 1))).toBe(false)
  })

  it('has a count of what was deleted', () => {
    expect(isGood(created, at(2, 3).delete('a', 3, 0))).toBe(false)
    expect(isGood(at(0, 1).delete('a', 2, 1))).toBe(false)
  })

  it('can be what was there before', () => {
    const input: KvInput = { type: 'put', key: 'a', value: 'y', prevKv: true }
    const before = (prevKv: object) => at(2, 3).did(input, 3, { type: 'put', ...prevKv })
    expect(isGood(created, before({ prevKv: kvOf('a', [2, 'x']) }))).toBe(true)
    expect(isGood(created, before({ prevKv: kvOf('a', [2, 'w']) }))).toBe(false)
    expect(isGood(created, before({}))).toBe(false)
    expect(isGood(before({ prevKv: kvOf('a', [2, 'x']) }))).toBe(false)
    const removed = (...prevKvs: readonly (readonly [number, string])[]) =>
      at(2, 3).did({ type: 'deleteRange', key: 'a', prevKv: true }, 3, {
        type: 'deleteRange',
        deleted: 1,
        prevKvs: prevKvs.map((seen) => kvOf('a', seen)),
      })
    expect(isGood(created, removed([2, 'x']))).toBe(true)
    expect(isGood(created, removed([2, 'w']))).toBe(false)
    expect(isGood(created, removed())).toBe(false)
    const none = { type: 'deleteRange', deleted: 0 } as const
    expect(isGood(at(0, 1).did({ ...none, key: 'a', prevKv: true }, 1, none))).toBe(true)
  })
})

describe('known anomalies', () => {
  it('lost update: two swaps of one revision both succeed', () => {
    const swap = (startMs: number, revision: number) =>
      at(startMs, startMs + 9).swap(ifMod('a', 2), `v${revision}`, revision, true)
    expect(isGood(at(0, 1).put('a', 'x', 2), swap(2, 3), swap(20, 4))).toBe(false)
    expect(isGood(at(0, 1).put('a', 'x', 2), swap(2, 3), swap(3, 4))).toBe(false)
  })

  it('duplicate grant: two clients create one key', () => {
    const create = (startMs: number, revision: number) =>
      at(startMs, startMs + 9).swap(ifAbsent('lock'), `v${revision}`, revision, true)
    expect(isGood(create(0, 2))).toBe(true)
    expect(isGood(create(0, 2), create(1, 3))).toBe(false)
  })

  it('false refusal: a swap of what was there fails', () => {
    const created = at(0, 1).put('a', 'x', 2)
    expect(isGood(created, at(2, 3).swap(ifMod('a', 2), 'y', 2, false))).toBe(false)
    expect(isGood(created, at(2, 3).swap(ifMod('a', 3), 'y', 2, false))).toBe(true)
  })

  it('stale read: a revision below one that was answered before', () => {
    const history = [at(0, 1).put('a', 'x', 2), at(2, 3).put('a', 'y', 3)]
    expect(isGood(...history, at(4, 5).get('a', 2, [2, 'x']))).toBe(false)
    expect(isGood(...history, at(4, 5).get('a', 2, [2, 'x'], { serializable: true }))).toBe(true)
    expect(isGood(...history, at(4, 5).get('a', 3, [2, 'x'], { revision: 2 }))).toBe(true)
    expect(isGood(...history, at(4, 5).get('a', 3, undefined, { revision: 1 }))).toBe(true)
    expect(isGood(...history, at(4, 5).get('a', 3, [2, 'x'], { revision: 0 }))).toBe(false)
    expect(isGood(at(4, 5).get('a', 1, undefined))).toBe(true)
    expect(isGood(at(4, 5).get('a', 0, undefined))).toBe(false)
  })

  it('split transaction: another sees one of its two keys', () => {
    const both: KvInput = {
      type: 'txn',
      compares: [],
      success: [put('a', 'x'), put('b', 'x')],
      failure: [],
    }
    const done = at(0, 9).did(both, 2, {
      type: 'txn',
      succeeded: true,
      responses: [{ type: 'put' }, { type: 'put' }],
    })
    const sees = (...keys: readonly string[]) =>
      at(1, 2).did({ type: 'range', ...everything }, 2, {
        type: 'range',
        kvs: keys.map((key) => kvOf(key, [2, 'x'])),
        count: keys.length,
      })
    expect(isGood(done, sees('a', 'b'))).toBe(true)
    expect(isGood(done, sees('a'))).toBe(false)
    expect(isGood(at(0, 9).lost(both), sees('a', 'b'))).toBe(true)
    expect(isGood(at(0, 9).lost(both), sees('b'))).toBe(false)
  })

  it('wrong range: a wrong order, count or limit', () => {
    const created = [at(0, 1).put('b', 'x', 2), at(0, 1).put('a', 'y', 3)]
    const [a, b] = [kvOf('a', [3, 'y']), kvOf('b', [2, 'x'])]
    const sees = (kvs: readonly (typeof a)[], count: number, more: object = {}) =>
      isGood(
        ...created,
        at(2, 3).did({ type: 'range', ...everything, ...more }, 3, { type: 'range', kvs, count }),
      )
    expect(sees([a, b], 2)).toBe(true)
    expect(sees([b, a], 2)).toBe(false)
    expect(sees([a, b], 3)).toBe(false)
    expect(sees([a], 2, { limit: 1 })).toBe(true)
    expect(sees([b], 2, { limit: 1 })).toBe(false)
    expect(sees([], 2, { countOnly: true })).toBe(true)
    expect(sees([a, b], 2, { countOnly: true })).toBe(false)
    expect(
      sees(
        [
          { ...a, value: '' },
          { ...b, value: '' },
        ],
        2,
        { keysOnly: true },
      ),
    ).toBe(true)
    expect(sees([a, b], 2, { keysOnly: true })).toBe(false)
  })

  it('an answer of another kind', () => {
    const answer = { type: 'range', kvs: [], count: 0 } as const
    expect(isGood(at(0, 1).did(put('a', 'x'), 2, answer))).toBe(false)
    const swap = swapOf(ifAbsent('a'), 'x')
    const empty = { type: 'txn', succeeded: true, responses: [] } as const
    expect(isGood(at(0, 1).did(swap, 2, empty))).toBe(false)
  })
})

describe('comparisons (etcd §8.21)', () => {
  const history = [at(0, 1).put('a', 'm', 2), at(2, 3).put('a', 'n', 5)]

  it.each<readonly [Compare['target'], string | number, readonly boolean[]]>([
    ['value', 'm', [false, true, true, false]],
    ['value', 'n', [true, false, false, false]],
    ['value', 'o', [false, true, false, true]],
    ['version', 1, [false, true, true, false]],
    ['version', 2, [true, false, false, false]],
    ['create', 2, [true, false, false, false]],
    ['create', 5, [false, true, false, true]],
    ['mod', 2, [false, true, true, false]],
    ['mod', 5, [true, false, false, false]],
  ])('of the %s with %j', (target, operand, expected) => {
    const results = (['equal', 'notEqual', 'greater', 'less'] as const).map((result) => {
      const compare: Compare = { key: 'a', target, result, operand }
      const succeeds = isGood(...history, at(4, 5).swap(compare, 'z', 6, true))
      expect(isGood(...history, at(4, 5).swap(compare, 'z', 5, false))).toBe(!succeeds)
      return succeeds
    })
    expect(results).toEqual(expected)
  })

  it('of a missing key: the numbers are 0, and the value is neither equal nor unequal', () => {
    const swap = (target: Compare['target'], result: Compare['result'], operand: string | number) =>
      isGood(at(0, 1).swap({ key: 'a', target, result, operand }, 'z', 2, true))
    expect(swap('version', 'equal', 0)).toBe(true)
    expect(swap('mod', 'equal', 0)).toBe(true)
    expect(swap('create', 'greater', 0)).toBe(false)
    expect(swap('value', 'equal', '')).toBe(false)
    expect(swap('value', 'notEqual', 'x')).toBe(false)
  })

  it('see the state before the whole transaction (etcd §8.20)', () => {
    const input: KvInput = {
      type: 'txn',
      compares: [],
      success: [put('a', 'x'), swapOf(ifAbsent('a'), 'y')],
      failure: [],
    }
    const answer = (succeeded: boolean) =>
      at(0, 1).did(input, 2, {
        type: 'txn',
        succeeded: true,
        responses: [
          { type: 'put' },
          { type: 'txn', succeeded, responses: succeeded ? [{ type: 'put' }] : [] },
        ],
      })
    expect(isGood(answer(true))).toBe(true)
    expect(isGood(answer(false))).toBe(false)
  })
})

describe('a revision that nobody was told', () => {
  const lost = at(0, 1).lost(put('a', 'x'))

  it('is what the first reader sees, for all later ones', () => {
    expect(isGood(lost, at(2, 3).get('a', 9, [4, 'x']), at(4, 5).get('a', 9, [4, 'x']))).toBe(true)
    expect(isGood(lost, at(2, 3).get('a', 9, [4, 'x']), at(4, 5).get('a', 9, [5, 'x']))).toBe(false)
    expect(isGood(lost, at(2, 3).get('a', 9, [4, 'x', 1, 3]))).toBe(false)
  })

  it('lies above all that was answered before it, and below all that came after', () => {
    const before = at(-2, -1).put('a', 'w', 7)
    expect(isGood(before, lost, at(2, 3).get('a', 9, [8, 'x', 2, 7]))).toBe(true)
    expect(isGood(before, lost, at(2, 3).get('a', 9, [7, 'x', 2, 7]))).toBe(false)
    expect(isGood(before, lost, at(2, 3).get('a', 9, [10, 'x', 2, 7]))).toBe(false)
    const looked = at(-2, -1).get('a', 9, undefined)
    expect(isGood(looked, lost, at(2, 3).get('a', 12, [10, 'x']))).toBe(true)
    expect(isGood(looked, lost, at(2, 3).get('a', 12, [9, 'x']))).toBe(false)
    const after = at(2, 3).put('a', 'y', 9)
    const deletedWith = (mod: number) =>
      at(4, 5).did({ type: 'deleteRange', key: 'a', prevKv: true }, 12, {
        type: 'deleteRange',
        deleted: 1,
        prevKvs: [kvOf('a', [9, 'y', 2, mod])],
      })
    expect(isGood(lost, after, deletedWith(8))).toBe(true)
    expect(isGood(lost, after, deletedWith(9))).toBe(false)
  })

  it('is told by a swap of it that succeeds, and a swap of it may fail before it is known', () => {
    const swapped = (operand: number) => at(2, 3).swap(ifMod('a', operand), 'y', 9, true)
    const sees = (create: number) => at(4, 5).get('a', 9, [9, 'y', 2, create])
    expect(isGood(lost, swapped(4), sees(4))).toBe(true)
    expect(isGood(lost, swapped(4), sees(5))).toBe(false)
    expect(isGood(lost, swapped(9))).toBe(false)
    const created: Compare = { key: 'a', target: 'create', result: 'equal', operand: 4 }
    expect(isGood(lost, at(2, 3).swap(created, 'y', 9, true), sees(4))).toBe(true)
    expect(isGood(lost, at(2, 3).swap(created, 'y', 9, true), sees(5))).toBe(false)
    expect(isGood(lost, at(2, 3).swap(ifMod('a', 4), 'y', 9, false))).toBe(true)
  })

  it('of a creation lies below that of the second version', () => {
    const again = at(0, 1).lost(put('a', 'y'))
    expect(isGood(lost, again, at(2, 3).get('a', 9, [5, 'y', 2, 4]))).toBe(true)
    expect(isGood(lost, again, at(2, 3).get('a', 9, [5, 'y', 2, 5]))).toBe(false)
  })

  it('is not that of a lost swap whose comparison cannot have held, or failed', () => {
    const created = at(0, 1).put('a', 'w', 2)
    const swap = (operand: number) =>
      at(2, 3).lost({
        type: 'txn',
        compares: [ifMod('a', operand)],
        success: [put('a', 'yes')],
        failure: [put('a', 'no')],
      })
    const sees = (value: string) => at(4, 5).get('a', 9, [9, value, 2, 2])
    expect(isGood(created, swap(2), sees('yes'))).toBe(true)
    expect(isGood(created, swap(2), sees('no'))).toBe(false)
    expect(isGood(created, swap(3), sees('yes'))).toBe(false)
    expect(isGood(created, swap(3), sees('no'))).toBe(true)
  })

  it('may decide what another lost write did', () => {
    const either: KvInput = {
      type: 'txn',
      compares: [{ key: 'a', target: 'mod', result: 'greater', operand: 3 }],
      success: [put('a', 'high')],
      failure: [swapOf({ key: 'a', target: 'version', result: 'equal', operand: 1 }, 'low')],
    }
    const history = [lost, at(2, 3).lost(either)]
    expect(isGood(...history, at(4, 5).get('a', 9, [9, 'high', 2, 4]))).toBe(true)
    expect(isGood(...history, at(4, 5).get('a', 9, [9, 'low', 2, 2]))).toBe(true)
    expect(isGood(...history, at(4, 5).get('a', 9, [9, 'other', 2, 2]))).toBe(false)
  })

  it('is none if the lost delete found nothing', () => {
    const nothing = at(0, 1).lost({ type: 'deleteRange', key: 'a' })
    expect(isGood(nothing, at(2, 3).put('a', 'x', 2), at(4, 5).get('a', 2, [2, 'x']))).toBe(true)
    expect(isGood(at(0, 1).put('a', 'x', 2), nothing, at(2, 3).get('a', 2, undefined))).toBe(false)
    expect(isGood(at(0, 1).put('a', 'x', 2), nothing, at(2, 3).get('a', 3, undefined))).toBe(true)
  })
})

describe('partitions (Horn and Kroening)', () => {
  it('are the keys, joined by what concerns more than one', () => {
    const range: KvInput = { type: 'range', key: 'b', rangeEnd: 'd' }
    const records = [
      at(0, 1).put('a', 'x', 2),
      at(2, 3).put('b', 'x', 3),
      at(4, 5).put('c', 'x', 4),
      at(6, 7).put('d', 'x', 5),
      at(8, 9).lost(swapOf(ifAbsent('d'), 'y')),
      at(8, 9).lost({ ...swapOf(ifAbsent('e'), 'y'), failure: [put('f', 'z')] } as KvInput),
      at(8, 9).put('f', 'y', 7),
      at(8, 9).lost({ ...swapOf(ifAbsent('g'), 'y'), success: [put('a', 'z')] } as KvInput),
      at(8, 9).lost(range),
    ]
    const keysOf = (group: readonly { readonly input: KvInput }[]) =>
      group.map((record) => records.findIndex(({ input }) => input === record.input))
    expect(kvModel.partition?.(records).map(keysOf)).toEqual([
      [0, 7],
      [1, 2, 8],
      [3, 4],
      [5, 6],
    ])
  })

  it('of keys that a lease may delete are not judged in silence', () => {
    const leased = at(0, 1).lost({ type: 'put', key: 'a', value: 'x', lease: '7' })
    expect(() => isGood(leased)).toThrow('key a has a lease')
    expect(isGood(at(0, 1).lost({ type: 'put', key: 'a', value: 'x', lease: '0' }))).toBe(true)
  })
})

describe('generated histories of a correct store', () => {
  it('are linearizable, with lost answers and effects that come late', () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const multiKey = seed % 2 === 0
      const { records } = generateKvHistory(seed, { operations: 200, clients: 5, multiKey })
      expect([seed, ...checkLinearizability(records, kvModel)]).toEqual([seed])
    }
  })

  it('with one wrong answer have the verdict of all orders tried one by one', () => {
    const seen = { good: 0, bad: 0, onlyClosed: 0 }
    for (let seed = 0; seed < 4000; seed += 1) {
      const options = { operations: 6, unknown: 0.25, multiKey: seed % 2 === 0 }
      const { records } = generateKvHistory(seed, options)
      const mutant = withOneWrongAnswer(new Random(seed), records) ?? records
      const isAccepted = isGood(...mutant)
      const expected = (kvModel.partition?.(mutant) ?? []).every((partition) =>
        isLinearizableByBruteForce(partition, kvModel),
      )
      expect([seed, isAccepted]).toEqual([seed, expected])
      const isPossible = isLinearizableByBruteForce(mutant, closedWorld)
      if (isPossible) expect([seed, isAccepted]).toEqual([seed, true])
      seen[isAccepted ? 'good' : 'bad'] += 1
      if (isAccepted && !isPossible) seen.onlyClosed += 1
    }
    expect(seen.bad).toBeGreaterThan(2500)
    // A revision that is too high by one may be another's, who did not write this history.
    expect(seen.onlyClosed).toBeLessThan(800)
  })
})

it('is judged in no time when many read at once while others write elsewhere', () => {
  const readers = Array.from({ length: 40 }, (_, reader) => {
    return at(10 + reader, 100).get('a', 80 - reader, [2, 'x'])
  })
  const history = [at(0, 1).put('a', 'x', 2), ...readers]
  expect(checkLinearizability(history, kvModel, { timeLimitMs: 2_000 })).toEqual([])
})
