import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBase64 } from './base64.js'
import { illegalBase64At } from './illegal-base64.js'

/** What Go 1.19's base64.StdEncoding says, where it refuses for the same reason. */
test.each([
  ['?', 0],
  ['YWJj?', 4],
  ['YWJjY', 4],
  ['YWJjYW?=', 6],
  ['YQ=', 3],
  ['YQ=x', 2],
  ['YQ=\n\nx', 4],
  ['YQ=\n', 4],
  ['YQ==x', 4],
  ['YQ==\r\n=', 6],
  ['YWI=Y', 4],
  ['=', 0],
  ['Y===', 1],
  ['YWJj====', 4],
  ['Y', 0],
  ['Y\n', 1],
  ['é', 0],
  ['YWJjé', 4],
  ['YéQ?', 1],
  ['YWJj YWJj', 4],
])('%j is illegal at byte %i', (text, at) => {
  expect(decodeBase64(text)).toBeUndefined()
  expect(illegalBase64At(text)).toBe(at)
})

test('the characters of both alphabets are legal', () => {
  expect(illegalBase64At('-_+/?')).toBe(4)
})

test('counts in bytes', () => {
  expect(illegalBase64At('YWJj\u20ac')).toBe(4)
  expect(illegalBase64At('YQ==\u20ac')).toBe(4)
})

test('points at most past the end', () => {
  const character = fc.constantFrom('Y', 'Q', '=', '\n', '\r', '-', '?', 'é')
  fc.assert(
    fc.property(fc.array(character, { maxLength: 20 }), (characters) => {
      const text = characters.join('')
      fc.pre(decodeBase64(text) === undefined)
      const at = illegalBase64At(text)
      expect(at).toBeGreaterThanOrEqual(0)
      expect(at).toBeLessThanOrEqual(Buffer.byteLength(text))
    }),
  )
})
