import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes, equalBytes, isOpenEnd, OPEN_END, prefixEnd } from './key-range.js'
import { utf8Decode, utf8Encode } from './utf8.js'

const bytes = fc.uint8Array({ maxLength: 6 })

test('orders as Buffer.compare does', () => {
  fc.assert(
    fc.property(bytes, bytes, (left, right) => {
      expect(compareBytes(left, right)).toBe(Buffer.compare(left, right))
      expect(equalBytes(left, right)).toBe(Buffer.compare(left, right) === 0)
    }),
  )
})

test.each([
  [[0x61], [0x62]],
  [[0x61, 0xff], [0x62]],
  [[0x61, 0xff, 0xff], [0x62]],
  [
    [0x61, 0x2f],
    [0x61, 0x30],
  ],
  [[0xff], [0]],
  [[], [0]],
])('prefixEnd(%j) is %j', (prefix, end) => {
  expect([...prefixEnd(new Uint8Array(prefix))]).toEqual(end)
})

test('a key lies in [prefix, prefixEnd) exactly if it begins with the prefix', () => {
  const extremes = fc.array(fc.constantFrom(0, 1, 0x61, 0xfe, 0xff), { maxLength: 4 })
  fc.assert(
    fc.property(extremes, extremes, (prefix, key) => {
      const begins = prefix.every((byte, index) => key[index] === byte)
      const end = prefixEnd(new Uint8Array(prefix))
      const after = compareBytes(new Uint8Array(key), new Uint8Array(prefix)) >= 0
      const before = isOpenEnd(end) || compareBytes(new Uint8Array(key), end) < 0
      expect(after && before).toBe(begins)
    }),
  )
})

test('only a single zero byte is an open end', () => {
  expect(isOpenEnd(OPEN_END)).toBe(true)
  expect(isOpenEnd(new Uint8Array(0))).toBe(false)
  expect(isOpenEnd(new Uint8Array([0, 0]))).toBe(false)
})

test('texts survive UTF-8, a byte order mark included', () => {
  for (const text of ['', 'a/ü/€/😀', '\ufeffbom']) expect(utf8Decode(utf8Encode(text))).toBe(text)
})
