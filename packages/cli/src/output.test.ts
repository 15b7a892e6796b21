import { describe, expect, test } from 'vitest'
import { FakeIo } from './fake-io.test-support.js'
import { createOutput, jsonBytes, printable, table } from './output.js'

describe('bytes', () => {
  test.each([
    ['text', 'héllo ☂', { text: 'héllo ☂' }, 'héllo ☂'],
    [
      'control characters',
      'a\u001b[2J\n\t\u0000',
      { text: 'a\u001b[2J\n\t\u0000' },
      'a\\x1b[2J\\n\\t\\x00',
    ],
    ['a byte order mark', '\ufeffa', { text: '\ufeffa' }, '\ufeffa'],
    ['nothing', '', { text: '' }, ''],
  ])('that are %s', (_, text, json, line) => {
    expect(jsonBytes(Buffer.from(text))).toEqual(json)
    expect(printable(Buffer.from(text))).toBe(line)
  })

  test('that are not UTF-8', () => {
    const bytes = Buffer.from([0x61, 0xff, 0x00, 0x7f])
    expect(jsonBytes(bytes)).toEqual({ base64: 'Yf8Afw==' })
    expect(printable(bytes)).toBe('a\\xff\\x00\\x7f')
  })
})

test('a table is as wide as its cells, without trailing blanks', () => {
  const rows = [
    ['a', '10'],
    ['long', '1'],
  ]
  expect(table(['ID', 'N'], rows)).toBe('ID    N\na     10\nlong  1')
})

describe('a failure of unknown outcome', () => {
  const failure = { exit: 1, code: 'x', message: 'm', outcome: 'unknown' } as const

  test('says so to people', () => {
    const io = new FakeIo()
    createOutput(io, false).failure(failure)
    expect(io.err).toBe('holdfast: m (it may have taken effect)\n')
  })

  test('and to programs', () => {
    const io = new FakeIo()
    createOutput(io, true).failure(failure)
    expect(JSON.parse(io.err)).toEqual({ error: { code: 'x', message: 'm', outcome: 'unknown' } })
  })
})
