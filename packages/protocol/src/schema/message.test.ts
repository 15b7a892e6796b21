import { describe, expect, test } from 'vitest'
import { ref, repeated } from './composite.js'
import { FieldError } from '../errors/field-error.js'
import { parseFirstJson } from '../json/parse.js'
import { enumOf } from './enumeration.js'
import { named } from './field.js'
import { id64, int32, int64, uint32, uint64, unsignedId64 } from './integer.js'
import { message } from './message.js'
import { bool, bytes, string } from './scalar.js'

const orderOf = () => enumOf('pb.Order', { NONE: 0, ASCEND: 1 })
const Inner = message('Inner', { number: int64() })
const Sample = message(
  'Sample',
  {
    flag: bool(),
    text: string(),
    someBytes: bytes(),
    createRevision: int64(),
    term: uint64(),
    lease: id64(),
    member: unsignedId64(),
    small: int32(),
    hash: uint32(),
    order: orderOf(),
    id: named('ID', id64()),
    inner: ref(() => Inner),
    inners: repeated(ref(() => Inner)),
    orders: repeated(orderOf()),
    one: string(),
    other: ref(() => Inner),
  },
  { oneof: [['one', 'other']] },
)

const absent = {
  flag: false,
  text: '',
  someBytes: new Uint8Array(0),
  createRevision: 0,
  term: 0,
  lease: '0',
  member: '0',
  small: 0,
  hash: 0,
  order: 'NONE',
  id: '0',
  inner: undefined,
  inners: [],
  orders: [],
  one: '',
  other: undefined,
}

describe('decode', () => {
  test('gives every field its default', () => {
    expect(Sample.decode({})).toEqual(absent)
  })

  test('reads null as absent', () => {
    const nulls = Object.fromEntries(Object.keys(Sample.encode(full)).map((name) => [name, null]))
    expect(Sample.decode(nulls)).toEqual(absent)
  })

  test('accepts the name on the wire and its lowerCamelCase, and is case-sensitive', () => {
    expect(Sample.decode({ create_revision: '3' }).createRevision).toBe(3)
    expect(Sample.decode({ createRevision: '3' }).createRevision).toBe(3)
    expect(Sample.decode({ CreateRevision: '3' }).createRevision).toBe(0)
    expect(Sample.decode({ ID: '7' }).id).toBe('7')
    expect(Sample.decode({ id: '7' }).id).toBe('0')
  })

  test('ignores unknown names, those of Object.prototype included', () => {
    const json: unknown = JSON.parse(
      '{"__proto__":{"flag":true},"constructor":1,"toString":2,"x":3}',
    )
    const decoded = Sample.decode(json)
    expect(decoded).toEqual(absent)
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype)
  })

  test('refuses one field in two spellings and two members of a oneof', () => {
    expect(() => Sample.decode({ create_revision: 1, createRevision: 1 })).toThrow(/two spellings/)
    expect(() => Sample.decode({ one: 'x', other: {} })).toThrow(/oneof/)
    expect(Sample.decode({ one: null, other: {} }).other).toEqual({ number: 0 })
  })

  test.each([
    ['{"inners":[{},{"number":true}]}', 'Sample.inners[1].number'],
    ['{"inner":5}', 'Sample.inner'],
    ['{"inners":[null]}', 'Sample.inners[0]'],
    ['{"inner":{"number":[]}}', 'Sample.inner.number'],
    ['[]', 'Sample'],
    ['{"flag":"true"}', 'Sample.flag'],
  ])('keeps the path to the field that does not fit: %s', (text, path) => {
    const problem = { code: 'invalidArgument', outcome: 'not-applied', grpcCode: 3, path }
    const decode = (): unknown => Sample.decode(parseFirstJson(text))
    expect(decode).toThrow(FieldError)
    expect(decode).toThrow(expect.objectContaining(problem))
  })

  test.each([
    ['{"small":"x","flag":5}', 'Sample.flag'],
    ['{"one":5,"some_bytes":5}', 'Sample.some_bytes'],
    ['{"inners":[{"number":[]}],"inner":[]}', 'Sample.inner'],
    ['{"inners":[{"number":[]},5]}', 'Sample.inners[0].number'],
  ])('names of several the one that etcd comes upon first: %s', (text, path) => {
    const decode = (): unknown => Sample.decode(parseFirstJson(text))
    expect(decode).toThrow(expect.objectContaining({ path }))
  })

  const max = Number.MAX_SAFE_INTEGER
  test.each([
    ['create_revision', '12', 12],
    ['create_revision', 12, 12],
    ['create_revision', -1, -1],
    ['create_revision', '-0', 0],
    ['create_revision', -0, 0],
    ['create_revision', '9007199254740991', max],
    ['create_revision', '9007199254740992', max],
    ['create_revision', '9223372036854775807', max],
    ['create_revision', '-9223372036854775808', -max],
    ['term', '18446744073709551615', max],
    ['small', -(2 ** 31), -(2 ** 31)],
    ['small', '5', 5],
    ['hash', 2 ** 32 - 1, 2 ** 32 - 1],
    ['lease', '9223372036854775807', '9223372036854775807'],
    ['lease', '-9223372036854775808', '-9223372036854775808'],
    ['lease', 5, '5'],
    ['lease', '-0', '0'],
    ['member', '18446744073709551615', '18446744073709551615'],
    ['order', 'ASCEND', 'ASCEND'],
    ['order', 1, 'ASCEND'],
    ['order', 0, 'NONE'],
    ['orders', ['ASCEND', 0], ['ASCEND', 'NONE']],
    ['text', '', ''],
    ['create_revision', ' 1\n', 1],
    ['create_revision', 'null', 0],
    ['lease', ' null', '0'],
    ['small', -0, 0],
    ['order', -0, 'NONE'],
  ])('accepts %s: %j', (name, json, value) => {
    expect(Object.values(Sample.decode({ [name]: json }))).toContainEqual(value)
  })

  test.each([
    ['create_revision', '1.0'],
    ['create_revision', '1e2'],
    ['create_revision', '+1'],
    ['create_revision', '01'],
    ['create_revision', ''],
    ['create_revision', '0x1'],
    ['create_revision', 1.5],
    ['create_revision', true],
    ['create_revision', '9223372036854775808'],
    ['create_revision', '-9223372036854775809'],
    ['create_revision', 1e19],
    ['create_revision', '1'.repeat(1000)],
    ['term', -1],
    ['term', '-1'],
    ['term', '18446744073709551616'],
    ['lease', '9223372036854775808'],
    ['lease', 7587862072907233000],
    ['member', '-1'],
    ['small', 2 ** 31],
    ['hash', -1],
    ['order', 'ascend'],
    ['order', '1'],
    ['order', 2],
    ['order', -1],
    ['term', -0],
    ['hash', '-0'],
    ['hash', ' -0'],
    ['order', 'toString'],
    ['flag', 1],
    ['text', 5],
    ['some_bytes', 5],
    ['some_bytes', 'a'],
    ['inners', {}],
    ['orders', [null]],
  ])('refuses %s: %j', (name, json) => {
    expect(() => Sample.decode({ [name]: json })).toThrow(
      expect.objectContaining({ code: 'invalidArgument' }),
    )
  })
})

/** Each text is what etcd 3.4.23 answers for a field of that kind; `conformance` asks it again. */
describe('says what etcd says of', () => {
  const map = 'map[string]json.RawMessage'
  test.each([
    ['[]', `json: cannot unmarshal array into Go value of type ${map}`],
    ['"x"', `json: cannot unmarshal string into Go value of type ${map}`],
    ['1e2', `json: cannot unmarshal number into Go value of type ${map}`],
    ['true', `json: cannot unmarshal bool into Go value of type ${map}`],
    ['{"inner":9007199254740993}', `json: cannot unmarshal number into Go value of type ${map}`],
    ['{"inners":[[]]}', `json: cannot unmarshal array into Go value of type ${map}`],
    ['{"inners":{}}', 'json: cannot unmarshal object into Go value of type []json.RawMessage'],
    ['{"inners":"x"}', 'json: cannot unmarshal string into Go value of type []json.RawMessage'],
    ['{"orders":1.5}', 'json: cannot unmarshal number into Go value of type []json.RawMessage'],

    ['{"flag":"true"}', 'json: cannot unmarshal string into Go value of type bool'],
    ['{"flag":1.5}', 'json: cannot unmarshal number into Go value of type bool'],
    ['{"flag":{}}', 'json: cannot unmarshal object into Go value of type bool'],
    ['{"text":12345678901234567890}', 'json: cannot unmarshal number into Go value of type string'],
    ['{"text":false}', 'json: cannot unmarshal bool into Go value of type string'],

    ['{"some_bytes":5}', 'json: cannot unmarshal number into Go value of type []uint8'],
    [
      '{"some_bytes":1234567890123456}',
      'json: cannot unmarshal number into Go value of type []uint8',
    ],
    ['{"some_bytes":{}}', 'json: cannot unmarshal object into Go value of type []uint8'],
    ['{"some_bytes":[1,256]}', 'json: cannot unmarshal number 256 into Go value of type uint8'],
    ['{"some_bytes":[1.0]}', 'json: cannot unmarshal number 1.0 into Go value of type uint8'],
    ['{"some_bytes":[-0]}', 'json: cannot unmarshal number -0 into Go value of type uint8'],
    ['{"some_bytes":[1,"1",256]}', 'json: cannot unmarshal string into Go value of type uint8'],
    ['{"some_bytes":"Y?=="}', 'illegal base64 data at input byte 1'],

    ['{"lease":1.0}', 'json: cannot unmarshal number 1.0 into Go value of type int64'],
    ['{"lease":"1e2"}', 'json: cannot unmarshal number 1e2 into Go value of type int64'],
    ['{"lease":false}', 'json: cannot unmarshal bool into Go value of type int64'],
    ['{"lease":"true"}', 'json: cannot unmarshal bool into Go value of type int64'],
    ['{"lease":[]}', 'json: cannot unmarshal array into Go value of type int64'],
    ['{"lease":"{}"}', 'json: cannot unmarshal object into Go value of type int64'],
    ['{"lease":""}', 'unexpected end of JSON input'],
    ['{"lease":"-"}', "invalid character ' ' in numeric literal"],
    ['{"lease":"+1"}', "invalid character '+' looking for beginning of value"],
    ['{"lease":"01"}', "invalid character '1' after top-level value"],
    ['{"lease":"0x1"}', "invalid character 'x' after top-level value"],
    [
      '{"lease":"9223372036854775808"}',
      'json: cannot unmarshal number 9223372036854775808 into Go value of type int64',
    ],
    [
      '{"create_revision":-9223372036854775809}',
      'json: cannot unmarshal number -9223372036854775809 into Go value of type int64',
    ],
    ['{"member":-1}', 'json: cannot unmarshal number -1 into Go value of type uint64'],
    ['{"member":"-0"}', 'json: cannot unmarshal number -0 into Go value of type uint64'],
    [
      '{"small":2147483648}',
      'json: cannot unmarshal number 2147483648 into Go value of type int32',
    ],
    [
      '{"hash":"4294967296"}',
      'json: cannot unmarshal number 4294967296 into Go value of type uint32',
    ],

    ['{"order":"ascend"}', 'unknown value "ascend" for enum pb.Order'],
    ['{"order":"\\u0001é\\""}', 'unknown value "\\x01é\\"" for enum pb.Order'],
    ['{"orders":["1"]}', 'unknown value "1" for enum pb.Order'],
    ['{"orders":"1"}', 'unknown value "1" for enum pb.Order'],
    ['{"orders":"ASCEND"}', 'invalid target "slice" for enum pb.Order'],
    ['{"order":1.5}', 'json: cannot unmarshal number 1.5 into Go value of type pb.Order'],
    [
      '{"order":2147483648}',
      'json: cannot unmarshal number 2147483648 into Go value of type pb.Order',
    ],
    ['{"order":-2147483648}', 'unknown value -2147483648 for enum pb.Order'],
    ['{"order":[1]}', 'json: cannot unmarshal array into Go value of type pb.Order'],
    ['{"order":true}', 'json: cannot unmarshal bool into Go value of type pb.Order'],
  ])('%s', (text, message) => {
    expect(() => Sample.decode(parseFirstJson(text))).toThrow(expect.objectContaining({ message }))
  })

  test('a text that is deeply nested where a number belongs, without recursing into it', () => {
    const text = JSON.stringify({ lease: '['.repeat(1_000_000) })
    expect(() => Sample.decode(parseFirstJson(text))).toThrow(/levels deep/)
  })
})

test('bytes may be given as a list of numbers', () => {
  const json = parseFirstJson('{"some_bytes":[97,0,255,null]}')
  expect(Sample.decode(json).someBytes).toEqual(new Uint8Array([97, 0, 255, 0]))
})

const full = {
  flag: true,
  text: 'x',
  someBytes: new Uint8Array([1, 2, 255]),
  createRevision: 5,
  term: 6,
  lease: '-7',
  member: '18446744073709551615',
  small: -8,
  hash: 9,
  order: 'ASCEND',
  id: '10',
  inner: {},
  inners: [{}, { number: 11 }],
  orders: ['NONE', 'ASCEND'],
  other: { number: 12 },
} as const

describe('encode', () => {
  test('writes integers of 64 bits as strings, and a present but empty message as {}', () => {
    expect(Sample.encode(full)).toEqual({
      flag: true,
      text: 'x',
      some_bytes: 'AQL/',
      create_revision: '5',
      term: '6',
      lease: '-7',
      member: '18446744073709551615',
      small: -8,
      hash: 9,
      order: 'ASCEND',
      ID: '10',
      inner: {},
      inners: [{}, { number: '11' }],
      orders: ['NONE', 'ASCEND'],
      other: { number: '12' },
    })
  })

  test('leaves defaults out', () => {
    expect(Sample.encode(Sample.decode({}))).toEqual({})
    expect(Sample.encode({ inner: undefined })).toEqual({})
  })

  test.each([
    [{ createRevision: 1.5 }, 'Sample.createRevision'],
    [{ createRevision: Number.NaN }, 'Sample.createRevision'],
    [{ createRevision: 2 ** 53 }, 'Sample.createRevision'],
    [{ term: -1 }, 'Sample.term'],
    [{ lease: 'abc' }, 'Sample.lease'],
    [{ inners: [{ number: 0.1 }] }, 'Sample.inners[0].number'],
  ])('refuses %j', (value, path) => {
    expect(() => Sample.encode(value)).toThrow(path)
  })
})
