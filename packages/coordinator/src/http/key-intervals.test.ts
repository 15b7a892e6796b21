/** Sets of keys as sorted intervals. */

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { selector } from '../state-machine/state-machine.test-support.js'
import { includes, intervalsOf, union } from './key-intervals.js'

const key = fc.stringMatching(/^[abc]{1,2}$/)
const someSelectors = fc.array(
  fc
    .tuple(key, fc.oneof(fc.constant(''), fc.constant('\0'), key))
    .map(([from, to]) => selector(from, to)),
  { maxLength: 6 },
)

it('contain exactly what one of their selectors means', () => {
  fc.assert(
    fc.property(someSelectors, someSelectors, key, (some, others, wanted) => {
      const expected = [...some, ...others].some((one) => {
        const from = Buffer.from(one.key)
        const to = Buffer.from(one.rangeEnd).toString()
        if (to === '') return from.toString() === wanted
        return from.toString() <= wanted && (to === '\0' || wanted < to)
      })
      expect(includes(union(intervalsOf(some), intervalsOf(others)), wanted)).toBe(expected)
    }),
    { numRuns: 2_000 },
  )
})

it('are sorted, and neither overlap nor touch', () => {
  fc.assert(
    fc.property(someSelectors, someSelectors, (some, others) => {
      const intervals = union(intervalsOf(some), intervalsOf(others))
      for (const [at, { from, to }] of intervals.entries()) {
        expect(from < to).toBe(true)
        expect(at === 0 || intervals[at - 1]!.to < from).toBe(true)
      }
    }),
  )
})

it('compare keys as bytes, and an open end lies above all of them', () => {
  const high = intervalsOf([selector('\x80', '\xff')])
  expect(['\x7f', '\x80', '\xfe', '\xff'].map((one) => includes(high, one))).toEqual([
    false,
    true,
    true,
    false,
  ])
  expect(includes(intervalsOf([selector('a', '\0')]), '\xff\xff\xff')).toBe(true)
})
