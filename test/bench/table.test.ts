import { describe, expect, it } from 'vitest'
import { formatNumber, formatTable } from './table.js'

describe('formatTable', () => {
  it('makes columns as wide as what they hold, and leaves no blanks at the end', () => {
    const text = formatTable(
      [
        { title: 'who', align: 'left' },
        { title: 'ops/s', align: 'right' },
        { title: 'notes', align: 'left' },
      ],
      [['etcd', '12,345', 'CPUs full'], ['redis', '7'], []],
    )
    expect(text.split('\n')).toEqual([
      'who     ops/s  notes',
      '-----  ------  ---------',
      'etcd   12,345  CPUs full',
      'redis       7',
      '',
    ])
  })
})

describe('formatNumber', () => {
  it.each([
    { value: 12_345.6, is: '12,346' },
    { value: 99.95, is: '100.0' },
    { value: 12.34, is: '12.3' },
    { value: 0.144, is: '0.14' },
    { value: 0, is: '0.00' },
    { value: NaN, is: '–' },
    { value: undefined, is: '–' },
  ])('writes $value as $is', ({ value, is }) => {
    expect(formatNumber(value)).toBe(is)
  })
})
