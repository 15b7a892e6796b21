/** WebSockets: upgrades that should not be granted, and what comes behind one that was. */

import { routes, type RouteName } from '@holdfast/protocol'
import type { NamedChance } from '@holdfast/testkit'
import { cutAnywhere } from './draw-http.js'
import { drawBody, randomBytes } from './draw-json.js'
import { drawPath, patienceHeader } from './draw-request.js'
import type { ByteText, Input } from './input.js'
import { strangeHeaders, strangeTargets } from './strange-http.js'
import { routeNames, validBodies } from './valid-requests.js'
import { frameOf, opcode } from './websocket-frame.js'

/** What makes them work on all there is stays with HTTP. */
const all = routeNames.filter((name) => !['snapshot', 'defragment', 'hash'].includes(name))
/** They change nothing, so that nobody can tell whether they were served before the socket was cut. */
const reading: readonly RouteName[] = ['range', 'watch', 'leaseTimeToLive', 'status', 'observe']

type Draw = (chance: NamedChance) => readonly [path: string, text: ByteText]

const draws: readonly (readonly [name: string, weight: number, draw: Draw])[] = [
  ['upgrade', 20, drawUpgrade],
  ['message', 40, drawMessage],
  ['garbage', 25, drawGarbage],
  ['garbage behind a message', 15, drawGarbageBehind],
]
const lottery = draws.flatMap((one) => Array<typeof one>(one[1]).fill(one))

export function drawWebSocketInput(chance: NamedChance, at: number): Input {
  const [name, , draw] = chance.pick(lottery)
  const [path, text] = draw(chance)
  const pieces = cutAnywhere(chance, text)
  return { at, kind: 'websocket', name, pieces, path, isPipelined: false, isStream: true }
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const wrongUpgrades = [
  ...['Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n', 'Upgrade: WebSocket, h2c\r\n'],
  ...[`Upgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 99\r\n`],
  ...['Upgrade: websocket\r\nSec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n'],
  ...[`Upgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\n`, `Upgrade: \xff\r\n`],
]
const offers = [
  ...[
    'Sec-WebSocket-Protocol: Bearer, token',
    'Sec-WebSocket-Protocol: Bearer',
    'Cookie: token=a=b',
  ],
  ...[
    'Sec-WebSocket-Protocol: a,,b',
    'Sec-WebSocket-Protocol: \xff',
    'Sec-WebSocket-Protocol: a, a',
  ],
  ...['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99'],
  ...[
    'Sec-WebSocket-Extensions: ;;;=',
    'Sec-WebSocket-Extensions: permessage-deflate',
    'Cookie: \xff',
  ],
]

function upgrade(path: string, headers = ''): ByteText {
  return (
    `GET ${path} HTTP/1.1\r\nHost: holdfast\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n${headers}\r\n`
  )
}

function drawUpgrade(chance: NamedChance): readonly [string, ByteText] {
  const name = chance.pick(reading)
  const path = drawPath(chance, name)
  const message = frameOf(chance.pick(validBodies(name)))
  const kind = chance.below(4)
  if (kind === 0) {
    const wrong = `Host: holdfast\r\nConnection: Upgrade\r\n${chance.pick(wrongUpgrades)}`
    return [path, `GET ${path} HTTP/1.1\r\n${wrong}\r\n${message}`]
  }
  const target = kind === 1 ? chance.pick(strangeTargets) : path
  const method = kind === 2 ? chance.pick(['POST', 'HEAD', 'PUT', 'get']) : 'GET'
  const header = chance.happens(0.5) ? chance.pick(offers) : chance.pick(strangeHeaders)
  return [path, upgrade(target, `${header}\r\n`).replace('GET', method) + message]
}

function drawMessage(chance: NamedChance): readonly [string, ByteText] {
  const name = chance.pick(all)
  const path = drawPath(chance, name)
  const isStream = routes[name].stream === 'watch' || routes[name].stream === 'perRequest'
  const count = isStream ? 1 + chance.below(4) : 1
  const frames = Array.from({ length: count }, () => {
    const { body } = drawBody(chance, chance.pick(validBodies(name)))
    return chance.happens(0.8) ? frameOf(body) : inFragments(chance, body)
  })
  return [path, upgrade(path, patienceHeader(name)) + frames.join('')]
}

function inFragments(chance: NamedChance, body: ByteText): ByteText {
  const cut = chance.below(body.length + 1)
  const isInterrupted = chance.happens(0.3)
  return (
    frameOf(body.slice(0, cut), {
      opcode: chance.pick([opcode.text, opcode.binary]),
      isLast: false,
    }) +
    (isInterrupted ? frameOf('?', { opcode: opcode.ping }) : '') +
    frameOf(body.slice(cut), { opcode: opcode.continuation })
  )
}

function drawGarbage(chance: NamedChance): readonly [string, ByteText] {
  const name = chance.pick(all)
  const path = drawPath(chance, name)
  const body = chance.pick(validBodies(name))
  return [path, upgrade(path, patienceHeader(name)) + drawWrongFrame(chance, body)]
}

function drawGarbageBehind(chance: NamedChance): readonly [string, ByteText] {
  const name = chance.pick(reading)
  const path = drawPath(chance, name)
  const body = chance.pick(validBodies(name))
  return [path, upgrade(path) + frameOf(body) + drawWrongFrame(chance, body)]
}

type WrongFrame = (chance: NamedChance, body: ByteText) => ByteText

const wrongFrames: readonly WrongFrame[] = [
  (_, body) => frameOf(body, { isMasked: false }),
  (_, body) => frameOf(body, { opcode: opcode.continuation }),
  (chance, body) => frameOf(body, { opcode: chance.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) }),
  (chance, body) => frameOf(body, { reserved: 1 + chance.below(7) }),
  (_, body) => frameOf(body, { isLast: false }) + frameOf(body),
  (_, body) => frameOf(body, { isLast: false, opcode: opcode.ping }),
  (_, body) => frameOf(body.padEnd(130, ' '), { opcode: opcode.ping }),
  (chance, body) => frameOf(body, { length: chance.pick(wrongLengths) }),
  (_, body) => frameOf(body.slice(0, 20), { length: body.length + 5 }),
  (_, body) => frameOf(body + '\xff\xfe'),
  () => frameOf('\x03', { opcode: opcode.close }),
  (chance) => frameOf(chance.pick(closings), { opcode: opcode.close }),
  (chance) => frameOf('x', { opcode: opcode.ping }).repeat(1 + chance.below(200)),
  (chance) => frameOf('x', { opcode: opcode.pong }).repeat(1 + chance.below(200)),
  (chance) => frameOf('', { isLast: false }) + fragments(1 + chance.below(500)),
  (chance) => randomBytes(chance, 60),
  (chance) => randomBytes(chance, 3),
  () => 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n',
]
const wrongLengths = [
  2n ** 63n,
  2n ** 64n - 1n,
  2n ** 53n,
  3_145_729,
  2 ** 31,
  65_535,
  126,
] as const
const closings = ['\x03\xe8', '\x00\x00', '\x03\xed', '\xff\xff', '\x03\xe8\xff\xfe', '\x0f\xa0bye']

/** Without an end. */
function fragments(count: number): ByteText {
  return frameOf('', { opcode: opcode.continuation, isLast: false }).repeat(count)
}

function drawWrongFrame(chance: NamedChance, body: ByteText): ByteText {
  return chance.pick(wrongFrames)(chance, body)
}
