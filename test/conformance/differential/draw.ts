/** What the draws of all families have in common. */

import type { NamedChance } from '@holdfast/testkit'
import type { Step } from './step.js'

export type Json = Readonly<Record<string, unknown>>

export function ask(path: string, body: Json): Step {
  return { do: 'ask', path, body: JSON.stringify(body) }
}

/** The field, so often. */
export function maybe(chance: NamedChance, share: number, name: string, draw: () => unknown): Json {
  return chance.happens(share) ? { [name]: draw() } : {}
}

/** Headers that change nothing, or make a request one that nobody reads. */
const HEADERS: readonly Readonly<Record<string, string>>[] = [
  ...['60S', '+2M', '1H', '0S', '', '60000000u'].map(timeout),
  ...['5', 'S', 'x', '5X', '5.5S', '5 S', '9223372036854775808n', '-1S', '-5m'].map(timeout),
  { 'grpc-metadata-hasleader': 'true' },
  { 'grpc-metadata-hasleader': 'no' },
]

/** One that gives one answer, now and then in other clothes: header, prefix, or over a WebSocket. */
export function disguised(chance: NamedChance, step: Step): Step {
  if (step.do !== 'ask' || !chance.happens(0.12)) return step
  switch (chance.pick(['headers', 'prefix', 'websocket'])) {
    case 'headers':
      return { ...step, headers: chance.pick(HEADERS) }
    case 'prefix':
      return { ...step, path: step.path.replace(/^\/v3\//, '/v3beta/') }
    default:
      return { ...step, over: 'websocket' }
  }
}

function timeout(text: string): Readonly<Record<string, string>> {
  return { 'grpc-timeout': text }
}
