/** Bodies: valid requests, mostly with something wrong, and texts that never were a request. */

import type { NamedChance } from '@holdfast/testkit'
import type { ByteText } from './input.js'
import { brokenBytes, snippets, strangeNames, strangeValues } from './strange-values.js'

type Mutation = (chance: NamedChance, text: ByteText) => ByteText

/** Each with how often it is drawn. */
const mutations: readonly (readonly [name: string, weight: number, mutate: Mutation])[] = [
  ['another value', 30, withValue],
  ['another member', 14, withMember],
  ['a cut', 10, (chance, text) => splice(chance, text, '', 1 + chance.below(8))],
  ['its end cut off', 6, (chance, text) => text.slice(0, chance.below(text.length + 1))],
  ['something in between', 12, (chance, text) => splice(chance, text, chance.pick(snippets))],
  ['random bytes', 6, (chance, text) => splice(chance, text, randomBytes(chance, 4))],
  ['no UTF-8', 5, (chance, text) => splice(chance, text, chance.pick(brokenBytes))],
  ['a flipped bit', 6, withFlippedBit],
  ['a byte order mark', 1, (_, text) => `\xef\xbb\xbf${text}`],
  ['something behind it', 3, (chance, text) => text + chance.pick(snippets) + text],
  ['a value in a hundred', 2, nested],
  ['a part twice', 4, withPartTwice],
  ['only JSON', 3, (chance) => randomJson(chance, 4)],
  ['only bytes', 2, (chance) => randomBytes(chance, 40)],
  ['nothing', 1, () => ''],
]
const lottery = mutations.flatMap((one) => Array<typeof one>(one[1]).fill(one))

export interface DrawnBody {
  readonly name: string
  readonly body: ByteText
}

/** @param valid a request in which nothing is wrong yet */
export function drawBody(chance: NamedChance, valid: ByteText): DrawnBody {
  if (chance.happens(0.05)) return { name: 'valid', body: valid }
  const [name, , mutate] = chance.pick(lottery)
  let body = mutate(chance, valid)
  while (chance.happens(0.15)) body = chance.pick(lottery)[2](chance, body)
  return { name, body }
}

export function randomBytes(chance: NamedChance, most: number): ByteText {
  let text = ''
  for (let left = 1 + chance.below(most); left > 0; left -= 1) {
    text += String.fromCharCode(chance.below(256))
  }
  return text
}

/** Puts something in the place of some bytes. */
export function splice(
  chance: NamedChance,
  text: ByteText,
  inserted: ByteText,
  cut = chance.below(3),
): ByteText {
  const at = chance.below(text.length + 1)
  return text.slice(0, at) + inserted + text.slice(at + cut)
}

export function withFlippedBit(chance: NamedChance, text: ByteText): ByteText {
  if (text === '') return text
  const at = chance.below(text.length)
  const flipped = text.charCodeAt(at) ^ (1 << chance.below(8))
  return text.slice(0, at) + String.fromCharCode(flipped) + text.slice(at + 1)
}

function withValue(chance: NamedChance, text: ByteText): ByteText {
  return atValue(chance, text, () => chance.pick(strangeValues))
}

/** At the limit of depth, just below it, and far beyond. */
function nested(chance: NamedChance, text: ByteText): ByteText {
  const depth = chance.pick([50, 95, 98, 99, 100, 101, 102, 1_000, 20_000])
  const [open, close] = chance.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"request_txn":{"success":[', ']}}'],
  ])
  const isClosed = chance.happens(0.8)
  return atValue(chance, text, (old) => {
    return open.repeat(depth) + old + (isClosed ? close.repeat(depth) : '')
  })
}

function atValue(
  chance: NamedChance,
  text: ByteText,
  change: (old: ByteText) => ByteText,
): ByteText {
  const values = [...text.matchAll(/"[^"]*"(?!:)|-?\d+|true|false|\{\}|\[\]/g)]
  if (values.length === 0) return change(text)
  const { index, 0: old } = chance.pick(values)
  return text.slice(0, index) + change(old) + text.slice(index + old.length)
}

/** Often one that is there already, or in its other spelling. */
function withMember(chance: NamedChance, text: ByteText): ByteText {
  const openings = [...text.matchAll(/\{/g)]
  if (openings.length === 0) return text
  const at = chance.pick(openings).index + 1
  const isLast = text.slice(at).startsWith('}')
  const member = `"${chance.pick(strangeNames)}":${chance.pick(strangeValues)}`
  return `${text.slice(0, at)}${member}${isLast ? '' : ','}${text.slice(at)}`
}

function withPartTwice(chance: NamedChance, text: ByteText): ByteText {
  const from = chance.below(text.length + 1)
  const part = text.slice(from, from + 1 + chance.below(40))
  return text.slice(0, from) + part + text.slice(from)
}

function randomJson(chance: NamedChance, depth: number): ByteText {
  const kind = depth === 0 ? 0 : chance.below(4)
  if (kind === 0) return chance.pick(strangeValues)
  const parts = Array.from({ length: chance.below(4) }, () => randomJson(chance, depth - 1))
  if (kind === 1) return `[${parts.join()}]`
  return `{${parts.map((part) => `"${chance.pick(strangeNames)}":${part}`).join()}}`
}
