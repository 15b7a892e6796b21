import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { limits } from '../limits.js'
import { JsonNumber } from './json-number.js'
import { parseFirstJson } from './parse.js'

const number = (text: string): JsonNumber => new JsonNumber(text)

describe('parseFirstJson', () => {
  test.each([
    ['', {}],
    ['  \r\n\t', {}],
    ['null', {}],
    ['{}', {}],
    [' {"a":1} trailing', { a: 1 }],
    ['{"a":1}{"a":2}', { a: 1 }],
    ['{"a":1}}}', { a: 1 }],
    ['{"a":"}{\\"]"}', { a: '}{"]' }],
    ['{"a":"\\\\"}x', { a: '\\' }],
    ['[1,2]', [1, 2]],
    ['5 6', 5],
    ['"a"b', 'a'],
    ['truefalse', true],
    ['nullx', {}],
    ['01', 0],
  ])('reads %j', (text, value) => {
    expect(parseFirstJson(text)).toEqual(value)
  })

  test.each([
    ['{"ID":7587862072907233033}', { ID: number('7587862072907233033') }],
    ['{"ID": -7587862072907233033 }', { ID: number('-7587862072907233033') }],
    ['{"a":[9007199254740993,1]}', { a: [number('9007199254740993'), 1] }],
    ['{"a":"7587862072907233033"}', { a: '7587862072907233033' }],
    [
      '{"a":"x 7587862072907233033 \\" 7587862072907233033"}',
      { a: 'x 7587862072907233033 " 7587862072907233033' },
    ],
    ['{"a":123456789012345}', { a: 123456789012345 }],
    ['{"a":1.0,"b":-1e2,"c":1E400}', { a: number('1.0'), b: number('-1e2'), c: number('1E400') }],
    ['{"a":-0}', { a: -0 }],
    ['18446744073709551615', number('18446744073709551615')],
    [
      ' [ 1.5 , "\\u0061\\/" , true , null , {} , { "__proto__" : [ ] } ] x',
      [number('1.5'), 'a/', true, null, {}, JSON.parse('{"__proto__":[]}')],
    ],
  ])('keeps the numbers as they are written in %s', (text, value) => {
    expect(parseFirstJson(text)).toEqual(value)
  })

  test.each(['{', '{"a"', '{"a":}', '}', ']', '{]', '"open', '{"a":1,}', 'nul', '{"a":--1}'])(
    'refuses %j',
    (text) => {
      expect(() => parseFirstJson(text)).toThrow(
        expect.objectContaining({ code: 'invalidArgument', outcome: 'not-applied' }),
      )
    },
  )

  test('limits the depth of nesting', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(() => parseFirstJson(nested(limits.maxJsonDepth))).not.toThrow()
    expect(() => parseFirstJson(nested(limits.maxJsonDepth + 1))).toThrow(/levels deep/)
    expect(() => parseFirstJson('['.repeat(1_000_000))).toThrow(/levels deep/)
  })

  test.each(['1', '1.5'])('does not touch prototypes (%s)', (value) => {
    const parsed = parseFirstJson(`{"__proto__":{"a":${value}}}`) as object
    expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['a']).toBeUndefined()
  })

  test('reads what JSON.stringify writes, whatever follows', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 5 }).filter((value) => value !== null),
        fc.constantFrom('', ' ', '\n{}', ' "x"', ',', '}'),
        (value, rest) => {
          const text = JSON.stringify(value)
          const alone =
            typeof value === 'object' || typeof value === 'string' || !rest.startsWith('x')
          fc.pre(alone && !/\d{16}|\d\.\d|\de/.test(text))
          expect(parseFirstJson(text + rest)).toEqual(JSON.parse(text))
        },
      ),
    )
  })
})
