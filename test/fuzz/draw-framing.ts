/** Requests that do not say, or say twice or wrongly, where their body ends (RFC 9112 §6.3, §7.1). */

import type { NamedChance } from '@holdfast/testkit'
import { drawBody } from './draw-json.js'
import { wholeRequest } from './draw-request.js'
import type { ByteText } from './input.js'

type Frame = (chance: NamedChance, body: ByteText) => ByteText

const wrongLengths = [
  ...['-1', '+5', '0x10', '1e2', '', ' ', '5 5', '5, 5', '5,6', '99999999999999999999', '4000000'],
  ...['3145729', '\xff', '1.5', '٣', '00000000000000000000000000000000000000000000010'],
]
const codings = [
  ...['chunked, chunked', 'identity', 'gzip', 'gzip, chunked', 'chunked, gzip', 'xchunked', ''],
  ...['chunked\0', ' chunked', 'Chunked', 'chunked;a=b', '"chunked"', 'chunked, identity'],
]
const wrongSizes = [
  ...[
    '-1',
    '0x5',
    'g',
    '',
    ' ',
    'ffffffffffffffff',
    'fffffffffffffffff',
    '7fffffff',
    '5;a="b',
    '5 5',
  ],
  ...[`5;${'a'.repeat(20_000)}`, '5\0', '00000000000000000005', '+5', '5\n', '\xff'],
]

/** Of a request that a proxy might have let through inside of another's body. */
const HIDDEN = wholeRequest('/v3/kv/put', '', '{"key":"aGlkZGVu"}')

const frames: readonly Frame[] = [
  (chance, body) => `Content-Length: ${chance.pick(wrongLengths)}\r\n\r\n${body}`,
  (chance, body) => `Content-Length: ${chance.below(2 * body.length + 1)}\r\n\r\n${body}`,
  (_, body) => `Content-Length: ${body.length}\r\nContent-Length: 5\r\n\r\n${body}`,
  (_, body) => `Content-Length: ${body.length}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  (_, body) => `Content-Length: ${body.length}\r\n${chunkedBody(body)}`,
  (_, body) => `Content-Length: 5\r\n${chunkedBody(body)}`,
  (_, body) => `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n${body}0\r\n\r\n${HIDDEN}`,
  (_, body) =>
    `Transfer-Encoding: chunked\r\nContent-Length: ${body.length}\r\n\r\n${body}${HIDDEN}`,
  (chance, body) => chunkedBody(body, `Transfer-Encoding: ${chance.pick(codings)}\r\n`),
  (chance, body) =>
    chunkedBody(body).replace(/\r\n[0-9a-f]+\r\n/, `\r\n${chance.pick(wrongSizes)}\r\n`),
  (chance, body) => chunkedBody(body).slice(0, -1 - chance.below(body.length)),
  (_, body) => chunkedBody(body).replace('\r\n0\r\n', '0\r\n'),
  (_, body) => chunkedBody(body).replaceAll('\r\n', '\n'),
  (_, body) => `${chunkedBody(body).slice(0, -2)}Content-Length: 5\r\nHost: a\r\n\r\n`,
  (_, body) => `${chunkedBody(body).slice(0, -2)}${'A: b\r\n'.repeat(3_000)}\r\n`,
  (_, body) => `Transfer-Encoding: chunked\r\n\r\n${inSingleBytes(body)}0\r\n\r\n`,
  (_, body) => `\r\n${body}`,
  (_, body) => body,
  (_, body) => `Connection: close\r\n\r\n${body}`,
]

export function drawFramed(chance: NamedChance, path: string, valid: ByteText): ByteText {
  const body = chance.happens(0.7) ? valid : drawBody(chance, valid).body
  return `POST ${path} HTTP/1.1\r\nHost: holdfast\r\n${chance.pick(frames)(chance, body)}`
}

function chunkedBody(body: ByteText, coding = 'Transfer-Encoding: chunked\r\n'): ByteText {
  return `${coding}\r\n${chunkOf(body)}0\r\n\r\n`
}

export function chunkOf(text: ByteText): ByteText {
  return text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`
}

function inSingleBytes(body: ByteText): ByteText {
  return Array.from({ length: body.length }, (_, at) => chunkOf(body.charAt(at))).join('')
}
