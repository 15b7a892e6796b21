import { expect, test } from 'vitest'
import { parseTxnJson } from './txn-json.js'
import { UsageError } from './usage-error.js'

test('says what the text form says, and what it cannot', () => {
  const input = {
    compare: [
      { target: 'mod', key: 'k', comparison: '>', operand: 0 },
      { target: 'value', key: { base64: '/w==' }, comparison: '=', operand: { text: 'v' } },
      { target: 'lease', key: 'a', prefix: true, comparison: '!=', operand: '12' },
    ],
    success: [{ put: { key: 'k', value: { base64: '/w==' }, lease: '12' } }],
    failure: [{ get: { key: 'k', prefix: true, limit: 2 } }, { del: { key: 'k', prevKv: true } }],
  }
  const bytes = Buffer.from([0xff])
  expect(parseTxnJson(JSON.stringify(input))).toEqual({
    compare: [
      { target: 'mod', key: 'k', comparison: '>', operand: 0 },
      { target: 'value', key: bytes, comparison: '=', operand: 'v' },
      { target: 'lease', key: 'a', prefix: true, comparison: '!=', operand: '12' },
    ],
    success: [{ type: 'put', key: 'k', value: bytes, flags: { lease: '12' } }],
    failure: [
      { type: 'get', key: 'k', flags: { prefix: true, limit: 2 } },
      { type: 'del', key: 'k', flags: { prevKv: true } },
    ],
  })
  expect(parseTxnJson('{}')).toEqual({ compare: [], success: [], failure: [] })
})

test.each([
  ['{', /^the transaction is not JSON/],
  ['[]', /^the transaction must be an object$/],
  ['{"succes":[]}', /^the transaction has the unknown name "succes"; known: compare, success/],
  ['{"success":{}}', /^the transaction\.success must be a list$/],
  ['{"success":[{}]}', /^the transaction\.success\[0\] must have one of get, put, del$/],
  ['{"success":[{"get":{"key":"a"},"del":{"key":"a"}}]}', /must have one of get, put, del$/],
  ['{"success":[{"get":{}}]}', /^the transaction\.success\[0\]\.get\.key is missing$/],
  ['{"success":[{"put":{"key":"a"}}]}', /\.put\.value is missing$/],
  ['{"success":[{"get":{"key":1}}]}', /\.get\.key must be an object$/],
  ['{"success":[{"get":{"key":{"base64":"*"}}}]}', /\.get\.key must be a text, /],
  ['{"success":[{"get":{"key":"a","limit":-1}}]}', /\.limit must be a whole number$/],
  ['{"success":[{"get":{"key":"a","__proto__x":1}}]}', /has the unknown name "__proto__x"/],
  ['{"success":[{"put":{"key":"a","value":"b","lease":12}}]}', /\.lease must be a text$/],
  ['{"compare":[{"target":"age"}]}', /\.target must be one of version, create/],
  [
    '{"compare":[{"target":"mod","key":"k","comparison":">"}]}',
    /\.operand must be a whole number$/,
  ],
])('refuses %s and names the place', (input, message) => {
  expect(() => parseTxnJson(input)).toThrow(message)
  expect(() => parseTxnJson(input)).toThrow(UsageError)
})
