/** A request to a path of the wire, as a browser or a client would frame it. */

import { pathPrefixes, routes, type RouteName } from '@holdfast/protocol'
import type { NamedChance } from '@holdfast/testkit'
import { drawBody } from './draw-json.js'
import { bytesOf, type ByteText, type Input } from './input.js'
import { routeNames, validBodies } from './valid-requests.js'

/** Their answers have no end. */
export const endless: ReadonlySet<RouteName> = new Set(['watch', 'observe'])
/** They wait for others, and what waits holds up what is behind it on its connection. */
const waiting: ReadonlySet<RouteName> = new Set(['lock', 'campaign', 'observe'])
/** They work on all there is. */
const costly: ReadonlySet<RouteName> = new Set(['snapshot', 'defragment', 'hash'])
const COSTLY_CHANCE = 0.02
/** Beyond what a request may hold, beyond what is read of it, and below both. */
const LARGE_BYTES = [1_000_000, 1_600_000, 2_100_000, 3_200_000]
const LARGE_CHANCE = 0.0002

const answering = routeNames.filter((name) => !endless.has(name))

/** One whose answer has an end. */
export function drawRoute(chance: NamedChance): RouteName {
  const name = chance.pick(answering)
  return costly.has(name) && !chance.happens(COSTLY_CHANCE) ? drawRoute(chance) : name
}

export function drawPath(chance: NamedChance, name: RouteName): string {
  const { path, aliases } = routes[name]
  const prefix = chance.happens(0.9) ? pathPrefixes[0] : chance.pick(pathPrefixes)
  return prefix + (chance.happens(0.9) ? path : chance.pick([path, ...aliases]))
}

/** So that nobody waits for what another input has taken. */
export function patienceHeader(name: RouteName): string {
  return waiting.has(name) ? 'Grpc-Timeout: 10m\r\n' : ''
}

export function wholeRequest(path: string, headers: string, body: ByteText): ByteText {
  return `POST ${path} HTTP/1.1\r\nHost: holdfast\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`
}

/** A body on one of the paths, with nothing wrong around it. */
export function drawJsonInput(chance: NamedChance, at: number): Input {
  const route = drawRoute(chance)
  const path = drawPath(chance, route)
  const valid = chance.pick(validBodies(route))
  const isLarge = chance.happens(LARGE_CHANCE)
  const { name, body } = isLarge ? drawLarge(chance, valid) : drawBody(chance, valid)
  const pieces = [bytesOf(wholeRequest(path, patienceHeader(route), body))]
  return { at, kind: 'json', name, pieces, path, isPipelined: !isLarge, isStream: false }
}

function drawLarge(chance: NamedChance, valid: ByteText): { name: string; body: ByteText } {
  const filling = chance.pick([' ', 'YWFh', '[', '{"a":', '1,', '\xff'])
  const bytes = chance.pick(LARGE_BYTES)
  const large = filling.repeat(Math.ceil(bytes / filling.length))
  const body = chance.happens(0.5)
    ? `{"value":"${large}",${valid.slice(1)}`
    : valid.slice(0, -1) + large
  return { name: 'large', body }
}
