import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase64, decodePortable, encodeBase64, encodePortable } from './base64.js'

const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
const anyBytes = fc.uint8Array({ maxLength: 6000, size: 'max' })

describe('base64', () => {
  test('writes what Node writes, with and without a host codec', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const expected = Buffer.from(bytes).toString('base64')
        expect(encodeBase64(bytes)).toBe(expected)
        expect(encodePortable(bytes)).toBe(expected)
      }),
      { numRuns: 50 },
    )
  })

  test('reads the standard and the URL-safe alphabet, padded or not, with line breaks', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(), (bytes, cut) => {
        const standard = Buffer.from(bytes).toString('base64')
        const at = standard.length === 0 ? 0 : cut % standard.length
        const spellings = [
          standard,
          standard.replace(/=+$/, ''),
          Buffer.from(bytes).toString('base64url'),
          `${standard.slice(0, at)}\r\n${standard.slice(at)}\n`,
        ]
        for (const text of spellings) expect(decodeBase64(text)).toEqual(plain(bytes))
        const bare = standard.replace(/=+$/, '')
        expect(decodePortable(bare, bare.length)).toEqual(plain(bytes))
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    'a',
    'abcde',
    'ab!=',
    'ab c',
    'ab\tc',
    'a===',
    '====',
    '=',
    'ab=c',
    'ab=',
    'abc==',
    'üüüü',
    'ab\u0100c',
  ])('refuses %j', (text) => {
    expect(decodeBase64(text)).toBeUndefined()
  })

  test('refuses a wrong character anywhere in a long text', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 60, maxLength: 300 }),
        fc.nat(),
        // U+0141 has the low byte of `A`.
        fc.constantFrom('!', ' ', '.', '\u0000', 'é', '=', '\u0141', '😀'),
        (bytes, position, wrong) => {
          const text = Buffer.from(bytes).toString('base64url')
          const at = position % (text.length - 2)
          expect(decodeBase64(text.slice(0, at) + wrong + text.slice(at + 1))).toBeUndefined()
        },
      ),
    )
  })

  test('gives bytes that do not share a pool', () => {
    const bytes = decodeBase64(encodeBase64(new Uint8Array(200)))!
    expect(bytes.buffer.byteLength).toBe(200)
    expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
  })
})
