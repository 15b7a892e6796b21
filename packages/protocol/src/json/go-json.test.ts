import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFirstGoJson, readWholeGoJson } from './go-json.js'
import { JsonNumber } from './json-number.js'

const value = 'looking for beginning of value'

/** Each text is what Go 1.19's json.Decoder says, in which etcd 3.4.23 reads its requests. */
describe('the first value of a text that is not JSON', () => {
  test.each([
    ['x', `invalid character 'x' ${value}`],
    ['}', `invalid character '}' ${value}`],
    ['{"a":}', `invalid character '}' ${value}`],
    ['[1,]', `invalid character ']' ${value}`],
    ['{a:1}', `invalid character 'a' looking for beginning of object key string`],
    ['{"a":1,}', `invalid character '}' looking for beginning of object key string`],
    ['{"a" 1}', `invalid character '1' after object key`],
    ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
    ['{"a":01}', `invalid character '1' after object key:value pair`],
    ['{"a":1]', `invalid character ']' after object key:value pair`],
    ['[1 2]', `invalid character '2' after array element`],
    ['[1}', `invalid character '}' after array element`],
    ['[nullx]', `invalid character 'x' after array element`],
    ['"a\nb"', `invalid character '\\n' in string literal`],
    ['{"a":"\u0000"}', `invalid character '\\x00' in string literal`],
    ['"\\x"', `invalid character 'x' in string escape code`],
    ['"\\\'"', `invalid character '\\'' in string escape code`],
    ['"\\u12g4"', `invalid character 'g' in \\u hexadecimal character escape`],
    ['"\\u12"', `invalid character '"' in \\u hexadecimal character escape`],
    ['nul1', `invalid character '1' in literal null (expecting 'l')`],
    ['tru ', `invalid character ' ' in literal true (expecting 'e')`],
    ['falze', `invalid character 'z' in literal false (expecting 's')`],
    ['-x', `invalid character 'x' in numeric literal`],
    ['[1.]', `invalid character ']' after decimal point in numeric literal`],
    ['[1.e5]', `invalid character 'e' after decimal point in numeric literal`],
    ['[1e+]', `invalid character ']' in exponent of numeric literal`],
    ['[1ee]', `invalid character 'e' in exponent of numeric literal`],
    ['[.5]', `invalid character '.' ${value}`],
    ['[+5]', `invalid character '+' ${value}`],
    ['NaN', `invalid character 'N' ${value}`],
  ])('%j', (text, message) => {
    const problem = { code: 'invalidArgument', outcome: 'not-applied', message }
    expect(() => readFirstGoJson(text)).toThrow(expect.objectContaining(problem))
  })

  test.each(["'", '"', '\\', '\t', '\u0007', '\u001f', '\u007f', 'é', '€', '😀', '\uFEFF'])(
    'shows the first byte of %j as Go does',
    (character) => {
      const shown: Record<string, string> = {
        ...{ "'": "\\'", '"': '"', '\\': '\\\\', '\t': '\\t', '\u0007': '\\a' },
        ...{ '\u001f': '\\x1f', '\u007f': '\\x7f', é: 'Ã', '€': 'â', '😀': 'ð', '\uFEFF': 'ï' },
      }
      const message = `invalid character '${shown[character]!}' after object key`
      expect(() => readFirstGoJson(`{"a"${character === '\t' ? ' x' : character}`)).toThrow(
        character === '\t' ? "invalid character 'x' after object key" : message,
      )
    },
  )

  test.each(['', '{', '{"', '{"a', '{"a"', '{"a":', '{"a":1', '{"a":1,', '[', '[1', '[1,', '"\\'])(
    'that is cut off: %j',
    (text) => {
      expect(() => readFirstGoJson(text)).toThrow('unexpected EOF')
    },
  )

  test.each(['"\\u', '"\\u00', '-', '[1.', '[1e', '[1e-', 't', 'tru', '{"a":nul'])(
    'that is cut off in a literal: %j',
    (text) => {
      expect(() => readFirstGoJson(text)).toThrow('unexpected EOF')
    },
  )
})

describe('the first value of a text', () => {
  test.each([
    ['{"a":[1,true,{"b":null}]}]', { a: [1, true, { b: null }] }],
    ['"\\u00e9\\ud83d\\ude00\\n" "', 'é😀\n'],
    ['5x', 5],
    ['00', 0],
    ['null\n{', null],
    [' \t\r\n[ ] ', []],
  ])('%j', (text, expected) => {
    expect(readFirstGoJson(text)).toEqual(expected)
  })

  test('is what JSON.parse reads, numbers that it would change aside', () => {
    const restored = (read: unknown): unknown => {
      if (read instanceof JsonNumber) return Number(read.text)
      if (Array.isArray(read)) return read.map(restored)
      if (typeof read !== 'object' || read === null) return read
      return Object.fromEntries(Object.entries(read).map(([name, one]) => [name, restored(one)]))
    }
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('', '  ', ']', ' x'), (text, rest) => {
        fc.pre(rest.startsWith(' ') || /[\]}"]$/.test(text))
        expect(restored(readFirstGoJson(text + rest))).toEqual(JSON.parse(text))
      }),
    )
  })

  test('is refused by both or by neither', () => {
    const piece = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ':',
        ',',
        '"a"',
        '"',
        '\\',
        '1',
        '0',
        '-',
        '.',
        'e',
        'null',
        't',
        ' ',
      ],
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        const isJson = (read: (text: string) => unknown): boolean => {
          try {
            read(text)
            return true
          } catch {
            return false
          }
        }
        expect(isJson(readWholeGoJson)).toBe(isJson(JSON.parse))
      }),
      { numRuns: 2_000 },
    )
  })
})

/** Go: json.Unmarshal, by which jsonpb reads an integer in quotes. */
describe('the only value of a text', () => {
  test.each([
    ['', 'unexpected end of JSON input'],
    [' ', 'unexpected end of JSON input'],
    ['1 2', "invalid character '2' after top-level value"],
    ['01', "invalid character '1' after top-level value"],
    ['{"a":', 'unexpected end of JSON input'],
    ['"a', 'unexpected end of JSON input'],
    ['tru', "invalid character ' ' in literal true (expecting 'e')"],
    ['-', "invalid character ' ' in numeric literal"],
    ['1e', "invalid character ' ' in exponent of numeric literal"],
    ['"\\', "invalid character ' ' in string escape code"],
  ])('%j is refused', (text, message) => {
    expect(() => readWholeGoJson(text)).toThrow(message)
  })

  test('may have space around it', () => {
    expect(readWholeGoJson(' \n12 ')).toBe(12)
  })
})
