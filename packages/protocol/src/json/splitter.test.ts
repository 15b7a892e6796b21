import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8Encode } from '../bytes/utf8.js'
import { JsonSplitter } from './splitter.js'

const splitAll = (chunks: readonly (string | Uint8Array)[]): unknown[] => {
  const splitter = new JsonSplitter()
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()]
}

describe('JsonSplitter', () => {
  test('returns each value as soon as it is complete', () => {
    const splitter = new JsonSplitter()
    expect(splitter.push('{"a":1}{"a"')).toEqual([{ a: 1 }])
    expect(splitter.push(':2}')).toEqual([{ a: 2 }])
    expect(splitter.push('\n\n')).toEqual([])
    expect(splitter.end()).toEqual([])
  })

  test.each([
    [['{"a":"}', '"}'], [{ a: '}' }]],
    [['{"a":"\\', '""}'], [{ a: '"' }]],
    [['{"a":"\\\\', '"}'], [{ a: '\\' }]],
    [
      ['null', ' ', '{}'],
      [{}, {}],
    ],
    [['null'], [{}]],
    [
      ['1 2', '3 '],
      [1, 23],
    ],
    [['"a""b"'], ['a', 'b']],
    [['true{"a":1}'], [true, { a: 1 }]],
    [['[1][2]'], [[1], [2]]],
    [['{"ID":75878620729', '07233033}'], [{ ID: '7587862072907233033' }]],
  ])('splits %j', (chunks, values) => {
    expect(splitAll(chunks)).toEqual(values)
  })

  test('says so when a value is cut off', () => {
    expect(() => splitAll(['{"a":1'])).toThrow(/unexpected end/)
    expect(() => splitAll(['{"a":"'])).toThrow(/unexpected end/)
    expect(() => splitAll(['"abc'])).toThrow(/unexpected end/)
    expect(() => splitAll(['tru'])).toThrow(/JSON/)
  })

  test('refuses what is not JSON', () => {
    expect(() => splitAll(['{"a":}'])).toThrow(/JSON/)
    expect(() => splitAll(['}'])).toThrow(/JSON/)
  })

  test('limits the size of one value, not of the stream', () => {
    const splitter = new JsonSplitter({ maxBytes: 20 })
    for (let count = 0; count < 10; count++) expect(splitter.push('{"a":"12345"}')).toHaveLength(1)
    expect(() => splitter.push(`{"a":"${'x'.repeat(30)}`)).toThrow(/over 20 bytes/)
  })

  test('limits the depth of nesting', () => {
    expect(() => new JsonSplitter().push('['.repeat(101))).toThrow(/levels deep/)
  })

  test('finds the same values wherever the bytes are cut', () => {
    const value = fc.oneof(
      fc.record({ text: fc.string({ unit: 'binary' }), list: fc.array(fc.integer()) }),
      fc.constant({ text: 'ü€😀"\\', list: [] }),
    )
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 5 }),
        fc.array(fc.nat(400), { maxLength: 12 }),
        fc.constantFrom('', '\n', ' \r\n'),
        (values, cuts, separator) => {
          const bytes = utf8Encode(values.map((one) => JSON.stringify(one)).join(separator))
          const at = [0, ...cuts.filter((cut) => cut < bytes.length), bytes.length].sort(
            (left, right) => left - right,
          )
          const chunks = at.slice(1).map((end, index) => bytes.slice(at[index], end))
          expect(splitAll(chunks)).toEqual(JSON.parse(JSON.stringify(values)))
        },
      ),
    )
  })
})
