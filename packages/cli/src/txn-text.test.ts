import { describe, expect, test } from 'vitest'
import { parseTxnText } from './txn-text.js'
import { UsageError } from './usage-error.js'

const get = (key: string, flags = {}): object => ({ type: 'get', key, flags })
const put = (key: string, value: string, flags = {}): object => ({ type: 'put', key, value, flags })
const del = (key: string, flags = {}): object => ({ type: 'del', key, flags })

describe('the parts', () => {
  test.each([
    ['mod(k) > 0\n\nget a\nput b c\n\ndel d\n', [1, [get('a'), put('b', 'c')], [del('d')]]],
    ['mod(k) > 0\n\nget a', [1, [get('a')], []]],
    ['\nget a\n\nget b', [0, [get('a')], [get('b')]]],
    ['mod(k) > 0\n\n\nget b\n', [1, [], [get('b')]]],
    ['mod(k) > 0\r\n\r\nget a\r\n', [1, [get('a')], []]],
    ['\nget a\n\n\n\n', [0, [get('a')], []]],
    ['', [0, [], []]],
  ])('%j', (text, expected) => {
    const { compare, success, failure } = parseTxnText(text)
    expect([compare.length, success, failure]).toEqual(expected)
  })
})

describe('a comparison', () => {
  test.each([
    ['mod("k") > "0"', { target: 'mod', key: 'k', comparison: '>', operand: 0 }],
    ['m(k)=3', { target: 'mod', key: 'k', comparison: '=', operand: 3 }],
    ['create("a b") != "7"', { target: 'create', key: 'a b', comparison: '!=', operand: 7 }],
    ['c("k") < "7"', { target: 'create', key: 'k', comparison: '<', operand: 7 }],
    ['version ( k ) = 1', { target: 'version', key: 'k', comparison: '=', operand: 1 }],
    ['ver("k") = "1"', { target: 'version', key: 'k', comparison: '=', operand: 1 }],
    ['value("k") = "a \\"b\\" \\n"', { target: 'value', key: 'k', operand: 'a "b" \n' }],
    ["val('k') = 'a \\n'", { target: 'value', key: 'k', operand: 'a \\n' }],
    ['value("a)b") = ""', { target: 'value', key: 'a)b', operand: '' }],
    ['lease("k") = "12"', { target: 'lease', key: 'k', comparison: '=', operand: '12' }],
    ['lease("k") = "0x7fffffffffffffff"', { target: 'lease', operand: '9223372036854775807' }],
  ])('%s', (line, expected) => {
    expect(parseTxnText(line).compare).toEqual([expect.objectContaining(expected)])
  })
})

describe('an operation', () => {
  test.each([
    ['get a --prefix --limit 3', get('a', { prefix: true, limit: 3 })],
    ['get --keys-only a', get('a', { keysOnly: true })],
    [
      'get a --sort-by modRevision --order descending',
      get('a', { sortBy: 'modRevision', order: 'descending' }),
    ],
    ['put "a b" \'c "d"\'', put('a b', 'c "d"')],
    ['put k ""', put('k', '')],
    ['put k v --lease="12" --prev-kv', put('k', 'v', { lease: '12', prevKv: true })],
    ['put k -- -5', put('k', '-5')],
    ['put k --ignore-value', put('k', '', { ignoreValue: true })],
    ['del a --range-end b', del('a', { rangeEnd: 'b' })],
  ])('%s', (line, expected) => {
    expect(parseTxnText(`\n${line}`).success).toEqual([expect.objectContaining(expected)])
  })
})

describe('refused with the number of the line', () => {
  test.each([
    ['mod(k)', /^line 1 of .*: a comparison looks like/],
    ['mod(k) > 0 surplus', /^line 1 of .*: a comparison looks like/],
    ['age(k) > 0', /: what is compared is one of version, .*, not age$/],
    ['mod(k) > x', /: mod is compared with a whole number$/],
    ['lease(k) = x', /: It must be a decimal number/],
    ['value("k") = "\\q"', /has an escape that is not one of JSON$/],
    ['\nput k', /^line 2 of .*, put k: put needs a value$/],
    ['\nput k v w', /: .*too many arguments/],
    ['\nget k\nfetch k', /^line 3 of .*unknown command 'fetch'/],
    ['\nget k --nope', /unknown option '--nope'/],
    ['\nget k --prefix --from-key', /cannot be used with option/],
    ['\nput k "open', /: a quote is not closed$/],
    ['\n\n\nget k', /: there is nothing after the third part$/],
  ])('%j', (text, message) => {
    expect(() => parseTxnText(text)).toThrow(message)
    expect(() => parseTxnText(text)).toThrow(UsageError)
  })
})
