import { expect, it } from 'vitest'
import { bounds, mayBe, narrowed } from './bounds.js'

it('a comparison may come out as it does for any number within the bounds, and no other way', () => {
  const results = ['equal', 'notEqual', 'greater', 'less'] as const
  const compared = {
    equal: (a: number, b: number) => a === b,
    notEqual: (a: number, b: number) => a !== b,
    greater: (a: number, b: number) => a > b,
    less: (a: number, b: number) => a < b,
  }
  for (const [from, to] of [
    [3, 3],
    [3, 4],
    [3, 6],
  ] as const) {
    const numbers = [3, 4, 5, 6].filter((number) => number <= to)
    for (const operand of [2, 3, 4, 5, 6, 7]) {
      for (const result of results) {
        const expected = new Set(numbers.map((number) => compared[result](number, operand)))
        expect([from, to, operand, result, mayBe({ from, to }, result, operand)]).toEqual([
          from,
          to,
          operand,
          result,
          expected,
        ])
      }
    }
  }
})

it('bounds narrow to what both allow', () => {
  expect(narrowed({ from: 1, to: 5 }, { from: 3, to: Infinity })).toEqual({ from: 3, to: 5 })
  expect(narrowed({ from: 1, to: 3 }, bounds(3))).toEqual(bounds(3))
  expect(narrowed({ from: 1, to: 3 }, bounds(4))).toBeUndefined()
})
