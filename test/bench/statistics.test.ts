import { describe, expect, it } from 'vitest'
import { median, spread } from './statistics.js'

describe('median', () => {
  it.each([
    { values: [3], is: 3 },
    { values: [10, 9, 100], is: 10 },
    { values: [4, 1, 3, 2], is: 2.5 },
    { values: [NaN, 2, 1, 3], is: 2 },
    { values: [], is: NaN },
  ])('of $values is $is', ({ values, is }) => {
    expect(median(values)).toBe(is)
  })
})

describe('spread', () => {
  it('shows how far the rounds lie apart', () => {
    expect(spread([1.2, 0.8, 1])).toEqual({ median: 1, low: 0.8, high: 1.2 })
  })

  it('leaves out what no division has given', () => {
    expect(spread([Infinity, NaN, 2])).toEqual({ median: 2, low: 2, high: 2 })
    expect(spread([NaN])).toBeUndefined()
  })
})
