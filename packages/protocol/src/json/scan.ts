/**
 * Finds where a JSON value ends without building it, so that what follows it can be ignored, nesting
 * can be limited before anything recurses, and numbers that JSON.parse would change can be kept.
 * It balances brackets and steps over strings; whether the text is JSON is for JSON.parse to say.
 */

import { HoldfastError } from '../errors/holdfast-error.js'
import { limits } from '../limits.js'

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
const MINUS = 0x2d
/** An integer of fewer digits than this is below 2^53. */
const LONG_DIGITS = 16

export interface ScannedValue {
  readonly start: number
  /** One past the last character. */
  readonly end: number
  /** Whether JSON.parse keeps every number as it is written. */
  readonly keepsNumbers: boolean
}

export const isSpace = (code: number): boolean =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
const isOpening = (code: number): boolean => code === 0x7b || code === 0x5b
const isClosing = (code: number): boolean => code === 0x7d || code === 0x5d
export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
/** Whether a number, `true`, `false` or `null` ends before this character. */
const endsToken = (code: number): boolean =>
  isSpace(code) ||
  isOpening(code) ||
  isClosing(code) ||
  code === QUOTE ||
  code === 0x2c ||
  code === 0x3a

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && isSpace(text.charCodeAt(at))) at++
  return at
}

/** The index of the quote that ends a string, or -1 if it is not in the text. */
export function closingQuote(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (at - 1 - backslashes > opening && text.charCodeAt(at - 1 - backslashes) === BACKSLASH) {
      backslashes++
    }
    if (backslashes % 2 === 0) return at
  }
  return -1
}

/** The first value of a text, or undefined if there is only space. */
export function scanValue(text: string): ScannedValue | undefined {
  const start = skipSpace(text, 0)
  if (start === text.length) return undefined
  let keepsNumbers = true
  let depth = 0
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      const quote = closingQuote(text, at)
      at = quote === -1 ? text.length : quote + 1
    } else if (isOpening(code)) {
      if (++depth > limits.maxJsonDepth) throw tooDeep()
      at++
    } else if (isClosing(code)) {
      depth--
      at++
    } else if (endsToken(code)) {
      at++
    } else {
      const token = at
      at = endOfToken(text, at)
      keepsNumbers &&= !isChangedNumber(text, token, at)
    }
    if (depth <= 0) return { start, end: at, keepsNumbers }
  }
  return { start, end: text.length, keepsNumbers }
}

function endOfToken(text: string, start: number): number {
  let at = start
  while (at < text.length && !endsToken(text.charCodeAt(at))) at++
  return at
}

/** Whether a token is a number that is long, or no integer. */
function isChangedNumber(text: string, start: number, end: number): boolean {
  const isNegative = text.charCodeAt(start) === MINUS
  const first = isNegative ? start + 1 : start
  if (!isDigit(text.charCodeAt(first))) return false
  if (end - first >= LONG_DIGITS) return true
  for (let at = first; at < end; at++) if (!isDigit(text.charCodeAt(at))) return true
  return false
}

export function tooDeep(): HoldfastError {
  return new HoldfastError(
    'invalidArgument',
    `JSON nested more than ${limits.maxJsonDepth} levels deep`,
    { outcome: 'not-applied' },
  )
}
