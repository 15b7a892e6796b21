/** Requests of which something around the body is wrong, down to bytes that are no request at all. */

import type { RouteName } from '@holdfast/protocol'
import type { NamedChance } from '@holdfast/testkit'
import { drawBody, randomBytes, splice, withFlippedBit } from './draw-json.js'
import { drawPath, wholeRequest } from './draw-request.js'
import { drawFramed } from './draw-framing.js'
import { bytesOf, type ByteText, type Input } from './input.js'
import {
  noHttp,
  plainTargets,
  strangeHeaders,
  strangeMethods,
  strangeTargets,
} from './strange-http.js'
import { validBodies } from './valid-requests.js'

/** Those that would change something, most of all. */
const targets: readonly RouteName[] = [
  ...(['put', 'put', 'txn', 'deleteRange', 'leaseGrant', 'leaseRevoke', 'compaction'] as const),
  ...(['range', 'leaseKeepAlive', 'leaseTimeToLive', 'unlock', 'alarm', 'memberRemove'] as const),
]

type Draw = (chance: NamedChance) => ByteText

const draws: readonly (readonly [name: string, weight: number, draw: Draw])[] = [
  ['method', 10, drawMethod],
  ['target', 15, drawTarget],
  ['plain path', 5, drawPlain],
  ['header', 30, drawHeaders],
  ['framing', 25, (chance) => drawFramed(chance, drawTargetPath(chance), drawValid(chance))],
  ['damaged', 15, drawDamaged],
  ['no HTTP', 5, (chance) => chance.pick(noHttp)],
  ['bytes', 3, (chance) => randomBytes(chance, 200)],
]
const lottery = draws.flatMap((one) => Array<typeof one>(one[1]).fill(one))

export function drawHttpInput(chance: NamedChance, at: number): Input {
  const [name, , draw] = chance.pick(lottery)
  const text = draw(chance)
  const path = /^[^ ]* ([^ ?]{1,60})/.exec(text)?.[1] ?? ''
  const pieces = cutAnywhere(chance, text)
  return { at, kind: 'http', name, pieces, path, isPipelined: false, isStream: false }
}

/** Mostly whole. */
export function cutAnywhere(chance: NamedChance, text: ByteText): readonly Buffer[] {
  const bytes = bytesOf(text)
  if (chance.happens(0.7)) return [bytes]
  const cuts = Array.from({ length: 1 + chance.below(3) }, () => chance.below(bytes.length + 1))
  const ends = [...cuts.sort((a, b) => a - b), bytes.length]
  const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
  return pieces.filter(({ length }) => length > 0)
}

function drawValid(chance: NamedChance): ByteText {
  return chance.pick(validBodies(chance.pick(targets)))
}

function drawTargetPath(chance: NamedChance): string {
  return drawPath(chance, chance.pick(targets))
}

function drawMethod(chance: NamedChance): ByteText {
  const request = wholeRequest(drawTargetPath(chance), '', drawValid(chance))
  const isPlain = chance.happens(0.2)
  const changed = isPlain ? request.replace(/\/\S+/, chance.pick(plainTargets)) : request
  return changed.replace('POST', chance.pick(strangeMethods))
}

function drawTarget(chance: NamedChance): ByteText {
  const target = chance.happens(0.8)
    ? chance.pick(strangeTargets)
    : splice(chance, drawTargetPath(chance), randomBytes(chance, 3))
  return wholeRequest(target, '', drawValid(chance))
}

function drawPlain(chance: NamedChance): ByteText {
  return `GET ${chance.pick(plainTargets)} HTTP/1.1\r\nHost: holdfast\r\n\r\n`
}

function drawHeaders(chance: NamedChance): ByteText {
  const name = chance.pick(targets)
  const count = 1 + chance.below(3)
  const headers = Array.from({ length: count }, () => `${chance.pick(strangeHeaders)}\r\n`).join('')
  const valid = chance.pick(validBodies(name))
  const body = chance.happens(0.7) ? valid : drawBody(chance, valid).body
  return wholeRequest(drawPath(chance, name), headers, body)
}

/** Bytes that were changed on their way, anywhere. */
function drawDamaged(chance: NamedChance): ByteText {
  let request = wholeRequest(drawTargetPath(chance), 'Accept: */*\r\n', drawValid(chance))
  for (let left = 1 + chance.below(3); left > 0; left -= 1) {
    request = chance.happens(0.5)
      ? withFlippedBit(chance, request)
      : splice(chance, request, chance.happens(0.7) ? randomBytes(chance, 3) : '')
  }
  return request
}
