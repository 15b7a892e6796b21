import { describe, expect, it } from 'vitest'
import { LatencyRecord } from './latency-record.js'

function recordOf(values: readonly number[], expected?: number): LatencyRecord {
  const record = new LatencyRecord(expected)
  for (const value of values) record.add(value)
  return record
}

describe('LatencyRecord', () => {
  it('has no percentile of nothing', () => {
    expect(new LatencyRecord().percentile(0.5)).toBeUndefined()
  })

  it.each([
    { quantile: 0.5, is: 50 },
    { quantile: 0.99, is: 99 },
    { quantile: 0.995, is: 100 },
    { quantile: 1, is: 100 },
    { quantile: 0.001, is: 1 },
  ])('takes the nearest rank: of 1 to 100, quantile $quantile is $is', ({ quantile, is }) => {
    const shuffled = Array.from({ length: 100 }, (_, index) => ((index * 37) % 100) + 1)
    expect(recordOf(shuffled).percentile(quantile)).toBe(is)
  })

  it('sorts as numbers, not as text', () => {
    expect(recordOf([9, 10, 100]).percentile(0.5)).toBe(10)
  })

  it('keeps what was recorded when it grows beyond the guess', () => {
    const values = Array.from({ length: 1_000 }, (_, index) => index)
    const record = recordOf(values, 3)
    expect(record.count).toBe(1_000)
    expect(record.percentile(0.5)).toBe(499)
  })

  it('counts what is added after a percentile was asked for', () => {
    const record = recordOf([2, 1])
    expect(record.percentile(1)).toBe(2)
    record.add(0)
    expect(record.percentile(0.5)).toBe(1)
    expect(record.percentile(0.1)).toBe(0)
  })
})
