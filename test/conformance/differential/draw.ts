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
