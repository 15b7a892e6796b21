/**
 * Reads JSON the way Go's encoding/json does, with its words for what is wrong. It is for texts that
 * JSON.parse refuses, whose errors clients of etcd know by Go's texts, and for those whose numbers
 * JSON.parse would change: such a number becomes a `JsonNumber`.
 *
 * Source: Go encoding/json, scanner.go (the states and their errors) and stream.go (the end).
 */

import { HoldfastError } from '../errors/holdfast-error.js'
import { limits } from '../limits.js'
import { goQuoteByte } from './go-quote.js'
import { JsonNumber } from './json-number.js'
import { BACKSLASH, closingQuote, isDigit, isSpace, QUOTE, tooDeep } from './scan.js'

/** The first value of a text; what follows it is not looked at. Go: json.Decoder. */
export function readFirstGoJson(text: string): unknown {
  return new GoJson(text, 'unexpected EOF').value()
}

/** The only value of a text. Go: json.Unmarshal. */
export function readWholeGoJson(text: string): unknown {
  // Go tries a space at the end, to end a number, and that is then what is wrong with a cut-off word.
  const json = new GoJson(`${text} `, 'unexpected end of JSON input')
  const value = json.value()
  json.requireEnd()
  return value
}

/** A number that JSON.parse keeps as it is. */
const KEPT_NUMBER = /^-?[0-9]{1,15}$/
const PLAIN_MEMBER = { configurable: true, enumerable: true, writable: true }
const SHORT_STRING = 64
const ESCAPED = new Set('bfnrt\\/"')
const HEX_DIGIT = /^[0-9a-fA-F]$/

class GoJson {
  readonly #text: string
  readonly #endProblem: string
  #at = 0
  #depth = 0

  constructor(text: string, endProblem: string) {
    this.#text = text
    this.#endProblem = endProblem
  }

  value(): unknown {
    const character = this.#next()
    switch (character) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case '"':
        return this.#string()
      case 't':
        return this.#literal('true', true)
      case 'f':
        return this.#literal('false', false)
      case 'n':
        return this.#literal('null', null)
    }
    if (character !== '-' && !this.#atDigit()) throw this.#invalid('looking for beginning of value')
    return this.#number()
  }

  requireEnd(): void {
    if (this.#next() !== '') throw this.#invalid('after top-level value')
  }

  /** The first character that is no space, which it leaves there; empty at the end. */
  #next(): string {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++
    return this.#text.charAt(this.#at)
  }

  #open(): void {
    if (++this.#depth > limits.maxJsonDepth) throw tooDeep()
    this.#at++
  }

  #close(): void {
    this.#depth--
    this.#at++
  }

  #object(): unknown {
    this.#open()
    const object: Record<string, unknown> = {}
    let isFirst = true
    for (let character = this.#next(); character !== '}'; character = this.#next()) {
      if (!isFirst) {
        if (character !== ',') throw this.#invalid('after object key:value pair')
        this.#at++
        character = this.#next()
      }
      if (character !== '"') throw this.#invalid('looking for beginning of object key string')
      const name = this.#string()
      if (this.#next() !== ':') throw this.#invalid('after object key')
      this.#at++
      setMember(object, name, this.value())
      isFirst = false
    }
    this.#close()
    return object
  }

  #array(): unknown {
    this.#open()
    const items: unknown[] = []
    for (let character = this.#next(); character !== ']'; character = this.#next()) {
      if (items.length > 0) {
        if (character !== ',') throw this.#invalid('after array element')
        this.#at++
      }
      items.push(this.value())
    }
    this.#close()
    return items
  }

  #literal<T>(word: string, value: T): T {
    for (const expected of word) {
      if (this.#text.charAt(this.#at) !== expected) {
        throw this.#invalid(`in literal ${word} (expecting '${expected}')`)
      }
      this.#at++
    }
    return value
  }

  #number(): number | JsonNumber {
    const start = this.#at
    if (this.#skip('-') && !this.#atDigit()) throw this.#invalid('in numeric literal')
    // What follows a leading zero is not part of the number.
    if (!this.#skip('0')) this.#digits()
    if (this.#skip('.')) this.#digits('after decimal point in numeric literal')
    if (this.#skip('e') || this.#skip('E')) {
      if (!this.#skip('+')) this.#skip('-')
      this.#digits('in exponent of numeric literal')
    }
    const text = this.#text.slice(start, this.#at)
    return KEPT_NUMBER.test(text) ? Number(text) : new JsonNumber(text)
  }

  #skip(character: string): boolean {
    if (this.#text.charAt(this.#at) !== character) return false
    this.#at++
    return true
  }

  /** @param context where a first digit is missing, if there must be one */
  #digits(context = ''): void {
    if (!this.#atDigit()) throw this.#invalid(context)
    while (this.#atDigit()) this.#at++
  }

  #atDigit(): boolean {
    return isDigit(this.#text.charCodeAt(this.#at))
  }

  #string(): string {
    const start = this.#at
    // Most strings are short and as they look; for others JSON.parse is worth its call.
    for (let at = start + 1; at < start + SHORT_STRING; at++) {
      const code = this.#text.charCodeAt(at)
      if (code === QUOTE) {
        this.#at = at + 1
        return this.#text.slice(start + 1, at)
      }
      if (code === BACKSLASH || code < 0x20) break
    }
    const end = closingQuote(this.#text, start) + 1
    if (end > 0) {
      try {
        const value = JSON.parse(this.#text.slice(start, end)) as string
        this.#at = end
        return value
      } catch {
        // The walk below finds what is wrong.
      }
    }
    throw this.#problemInString()
  }

  #problemInString(): HoldfastError {
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charAt(this.#at)
      if (character < ' ') return this.#invalid('in string literal')
      if (character !== '\\') continue
      this.#at++
      const escaped = this.#text.charAt(this.#at)
      if (ESCAPED.has(escaped)) continue
      if (escaped !== 'u') return this.#invalid('in string escape code')
      for (let digit = 0; digit < 4; digit++) {
        this.#at++
        if (HEX_DIGIT.test(this.#text.charAt(this.#at))) continue
        return this.#invalid('in \\u hexadecimal character escape')
      }
    }
    return this.#invalid('')
  }

  /** What is wrong with the character here, or that there is none. */
  #invalid(context: string): HoldfastError {
    const character = this.#text.codePointAt(this.#at)
    const problem =
      character === undefined
        ? this.#endProblem
        : `invalid character ${goQuoteByte(firstUtf8Byte(character))} ${context}`
    return new HoldfastError('invalidArgument', problem, { outcome: 'not-applied' })
  }
}

/** As JSON.parse does it: `__proto__` is a member like any other. */
function setMember(object: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value
  else Object.defineProperty(object, name, { value, ...PLAIN_MEMBER })
}

function firstUtf8Byte(codePoint: number): number {
  if (codePoint < 0x80) return codePoint
  if (codePoint < 0x800) return 0xc0 | (codePoint >> 6)
  return codePoint < 0x10000 ? 0xe0 | (codePoint >> 12) : 0xf0 | (codePoint >> 18)
}
