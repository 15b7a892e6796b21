import { describe, expect, it } from 'vitest'
import type { Compare, CompareResult } from './operation.js'
import {
  bytes,
  compareLease,
  compareNumber,
  compareValue,
  selector,
  TestMachine,
  txn,
} from './state-machine.test-support.js'

const RESULTS: readonly CompareResult[] = ['equal', 'notEqual', 'greater', 'less']

/** a: created at 2, changed at 4, version 2, value `m`, lease 7. b: 3/3/1, value `n`. */
function fixture(): TestMachine {
  const store = new TestMachine()
  store.grant('7')
  store.put('a', 'l')
  store.put('b', 'n')
  store.put('a', 'm', { lease: '7' })
  return store
}

function holds(store: TestMachine, compare: Compare): boolean {
  return store.run<'txn'>(txn([compare], [])).succeeded
}

/** Which operators hold, in the order equal, notEqual, greater, less. */
function pattern(store: TestMachine, compareBy: (result: CompareResult) => Compare): string {
  return RESULTS.map((result) => (holds(store, compareBy(result)) ? '1' : '0')).join('')
}

const EQUAL = '1000'
const ABOVE = '0110'
const BELOW = '0101'

describe('compare', () => {
  it.each([
    ['version', 2],
    ['create', 2],
    ['mod', 4],
  ] as const)('compares the %s (etcd §8.21)', (target, actual) => {
    const store = fixture()
    const by = (operand: number) =>
      pattern(store, (result) => compareNumber('a', target, operand, result))
    expect([by(actual), by(actual - 1), by(actual + 1)]).toEqual([EQUAL, ABOVE, BELOW])
  })

  it('compares values as bytes (etcd §8.21)', () => {
    const store = fixture()
    const by = (operand: string) => pattern(store, (result) => compareValue('a', operand, result))
    expect([by('m'), by('lz'), by('mm'), by('\xff')]).toEqual([EQUAL, ABOVE, BELOW, BELOW])
  })

  it('compares leases as 64-bit integers, not as text or floats (etcd §8.21)', () => {
    const store = new TestMachine()
    store.grant('9007199254740993')
    store.put('a', '', { lease: '9007199254740993' })
    const by = (operand: string) => pattern(store, (result) => compareLease('a', operand, result))
    expect(by('9007199254740993')).toBe(EQUAL)
    expect(by('9007199254740992')).toBe(ABOVE)
    expect(by('10000000000000000')).toBe(BELOW)
    expect(by('-1')).toBe(ABOVE)
  })

  it('counts a missing key as zero (etcd §8.21)', () => {
    const store = fixture()
    for (const target of ['version', 'create', 'mod'] as const) {
      const by = (operand: number) =>
        pattern(store, (result) => compareNumber('missing', target, operand, result))
      expect([by(0), by(1)]).toEqual([EQUAL, BELOW])
    }
    expect(pattern(store, (result) => compareLease('missing', '0', result))).toBe(EQUAL)
  })

  it('holds for no operator on the value of a missing key, notEqual included (etcd §8.21)', () => {
    const store = fixture()
    expect(pattern(store, (result) => compareValue('missing', 'x', result))).toBe('0000')
    expect(pattern(store, (result) => compareValue('missing', '', result))).toBe('0000')
  })

  it('must hold for every key of an interval (etcd §8.21)', () => {
    const store = fixture()
    const inInterval = (end: string, operand: number): Compare => ({
      ...selector('a', end),
      target: 'create',
      result: 'less',
      operand,
    })
    expect(holds(store, inInterval('c', 4))).toBe(true)
    expect(holds(store, inInterval('c', 3))).toBe(false)
    expect(holds(store, inInterval('\0', 3))).toBe(false)
    const values: Compare = {
      ...selector('a', '\0'),
      target: 'value',
      result: 'greater',
      operand: bytes('l'),
    }
    expect(holds(store, values)).toBe(true)
    expect(holds(store, { ...values, operand: bytes('m') })).toBe(false)
  })

  it('treats an empty interval as a missing key (etcd §8.21)', () => {
    const store = fixture()
    const empty = selector('x', 'z')
    const base = { ...empty, result: 'equal' } as const
    expect(holds(store, { ...base, target: 'version', operand: 0 })).toBe(true)
    expect(holds(store, { ...base, target: 'version', operand: 1 })).toBe(false)
    expect(holds(store, { ...base, target: 'value', operand: bytes('') })).toBe(false)
  })
})
