/** Values that no request should hold, and names that no object should have, as they stand in JSON. */

import { byteText, type ByteText } from './input.js'

export const strangeValues: readonly ByteText[] = [
  ...['null', 'true', 'false', '{}', '[]', '""', '[null]', '[{}]', '[[]]', '{"a":[1,{"b":2}]}'],
  ...['0', '-0', '1', '-1', '2', '1.0', '1.5', '1e2', '1e400', '-1e400', '1e308', '5E-1', '255'],
  ...['256', '2147483648', '4294967296', '9007199254740993', '9223372036854775807'],
  ...['9223372036854775808', '-9223372036854775808', '-9223372036854775809'],
  ...['18446744073709551615', '18446744073709551616', '9'.repeat(400), `0.${'0'.repeat(400)}1`],
  ...['01', '-', '+1', '.5', '1.', '0x1', 'NaN', 'Infinity', 'undefined', 'nul', 'TRUE', "'x'"],
  ...['"1"', '"-1"', '"1.0"', '"1e2"', '"-0"', '" 1 "', '"01"', '"-"', '"9223372036854775808"'],
  ...['"x"', '"AA=="', '"A"', '"?"', '"YQ"', '"YQ=="', '"YQ==="', '"Y Q=="', '"-_"', '"YQ==YQ=="'],
  ...['"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\uFEFF"', '"é"', '"\\x"', '"\\u12"', '"\n"'],
  ...['"ASCEND"', '"Ascend"', '"NOT_EQUAL"', '"VALUE"', '"ACTIVATE"', '"CORRUPT"', '"CANCEL"'],
  ...['"DEACTIVATE"', '[97]', '[97,98.0]', '[256]', '["YQ=="]', '/**/1', '{"__proto__":{"a":1}}'],
  ...['"\u2028😀"', '"__proto__"', `"${'YQ=='.repeat(500)}"`, `"${'YWFh'.repeat(500)}"`],
].map(byteText)

export const strangeNames: readonly ByteText[] = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', '', 'é', '0'],
  ...['key', 'range_end', 'rangeEnd', 'value', 'lease', 'prev_kv', 'prevKv', 'ignoreValue', 'name'],
  ...['success', 'failure', 'compare', 'request_put', 'requestTxn', 'request_range', 'target'],
  ...['ID', 'id', 'TTL', 'ttl', 'revision', 'physical', 'leader', 'rev', 'action', 'memberID'],
  ...['alarm', 'create_request', 'cancelRequest', 'watch_id', 'linearizable', 'unknown', '\ud800'],
].map(byteText)

export const snippets: readonly ByteText[] = [
  ...['{', '}', '[', ']', '"', ':', ',', '\\', '/', '-', '+', '.', 'e', '0', '9', 'x', '=', ' '],
  ...["'", '\n', '\t', '\u0000', '\u001f', '\u007f', 'é', '€', '😀', '\uFEFF', '\u0085', 'null'],
  ...['\\u00e9', '\\ud800', '//', '/*', '*/', '{}', '[]', '""', '\r\n', '\r\n\r\n'],
].map(byteText)

/** What is no UTF-8. */
export const brokenBytes: readonly ByteText[] = [
  ...[
    '\x80',
    '\xff',
    '\xfe\xff',
    '\xc0\xaf',
    '\xed\xa0\x80',
    '\xf4\x90\x80\x80',
    '\xe2\x82',
    '\xf8',
  ],
]
