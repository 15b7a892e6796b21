/** Bodies of streams: messages good and bad, one behind the other, cut where no message ends. */

import type { RouteName } from '@holdfast/protocol'
import type { NamedChance } from '@holdfast/testkit'
import { chunkOf } from './draw-framing.js'
import { drawBody } from './draw-json.js'
import { drawPath, wholeRequest } from './draw-request.js'
import { bytesOf, type ByteText, type Input } from './input.js'
import { validBodies } from './valid-requests.js'

const streams: readonly RouteName[] = ['watch', 'watch', 'leaseKeepAlive', 'observe']
const separators = ['', '', '\n', '\r\n', ' ', ',', '\0', '\x1e', '\xff']
const timeouts = ['', '', '', 'Grpc-Timeout: 5m\r\n', 'Grpc-Metadata-hasleader: true\r\n']

export function drawStreamInput(chance: NamedChance, at: number): Input {
  const route = chance.pick(streams)
  const path = drawPath(chance, route)
  const { name, messages } = drawMessages(chance, route)
  const headers = chance.pick(timeouts)
  const isChunked = chance.happens(0.7)
  const pieces = isChunked
    ? [startOfChunked(path, headers), ...inChunks(chance, messages)]
    : [wholeRequest(path, headers, messages)]
  return {
    ...{ at, kind: 'stream', name, path, isPipelined: false, isStream: true },
    pieces: pieces.filter((piece) => piece !== '').map(bytesOf),
  }
}

function drawMessages(
  chance: NamedChance,
  route: RouteName,
): { readonly name: string; readonly messages: ByteText } {
  const count = 1 + Math.floor(chance.exponential(1.5))
  const wrongAt = chance.below(count)
  const isWrongBefore = wrongAt === 0
  const messages = Array.from({ length: count }, (_, index) => {
    const valid = chance.pick(validBodies(route))
    const isWrong = index === wrongAt || chance.happens(0.1)
    return (isWrong ? drawBody(chance, valid).body : valid) + chance.pick(separators)
  })
  return { name: isWrongBefore ? 'first message' : 'later message', messages: messages.join('') }
}

function startOfChunked(path: string, headers: string): ByteText {
  return `POST ${path} HTTP/1.1\r\nHost: holdfast\r\n${headers}Transfer-Encoding: chunked\r\n\r\n`
}

/** A chunk may end in the middle of a character, and the body may have no end. */
function inChunks(chance: NamedChance, body: ByteText): readonly ByteText[] {
  const chunks: ByteText[] = []
  for (let from = 0; from < body.length;) {
    const length = 1 + Math.floor(chance.exponential(40))
    chunks.push(chunkOf(body.slice(from, from + length)))
    from += length
  }
  if (chance.happens(0.5)) chunks.push('0\r\n\r\n')
  else if (chance.happens(0.2)) chunks.push(chance.pick(['x\r\n', '-1\r\n', '5\r\nab', '\0']))
  // Many chunks in one write, too.
  return chance.happens(0.5) ? chunks : [chunks.join('')]
}
