import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8Encode } from '../bytes/utf8.js'
import { JsonNumber } from './json-number.js'
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
    [['{"ID":75878620729', '07233033}'], [{ ID: new JsonNumber('7587862072907233033') }]],
  ])('splits %j', (chunks, values) => {
    expect(splitAll(chunks)).toEqual(values)
  })

  test('says so when a value is cut off', () => {
    for (const text of ['{"a":1', '{"a":"', '"abc', 'tru', '[', '-', '1e']) {
      expect(() => splitAll([text])).toThrow('unexpected EOF')
    }
    expect(() => splitAll(['{"a":x'])).toThrow(/invalid character 'x'/)
  })

  test('refuses what is not JSON', () => {
    expect(() => splitAll(['{"a":}'])).toThrow(/invalid character '}'/)
    expect(() => splitAll(['}'])).toThrow(/invalid character '}'/)
  })

  test.each([
    ['not JSON', '{"a":}', /invalid character '}'/],
    ['too long', `"${'x'.repeat(40)}`, /over 30 bytes/],
    ['too deep', '['.repeat(101), /levels deep/],
  ])('gives what was complete before it says that the rest is %s', (_, rest, message) => {
    const broken = (): JsonSplitter => {
      const splitter = new JsonSplitter({ maxBytes: 30 })
      expect(splitter.push(`{"a":1}{"a":2}${rest}`)).toEqual([{ a: 1 }, { a: 2 }])
      return splitter
    }
    const [checked, pushed, ended] = [broken(), broken(), broken()]
    expect(() => checked.check()).toThrow(message)
    expect(() => pushed.push('{"a":3}')).toThrow(message)
    expect(() => ended.end()).toThrow(message)
  })

  test('says at once what is wrong when nothing was complete, and says it again', () => {
    const splitter = new JsonSplitter()
    expect(() => splitter.push('{"a":}')).toThrow(/invalid character/)
    expect(() => splitter.push('{"a":1}')).toThrow(/invalid character/)
    expect(() => splitter.end()).toThrow(/invalid character/)
  })

  test('has nothing to say while all is well', () => {
    const splitter = new JsonSplitter()
    splitter.push('{"a":1}{')
    expect(() => splitter.check()).not.toThrow()
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
