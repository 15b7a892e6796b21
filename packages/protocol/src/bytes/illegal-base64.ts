/**
 * Where a text stops being base64, as Go counts: in bytes, from the start of the group of four that
 * is not complete, or at the character that does not belong there. Of the texts that `decodeBase64`
 * refuses only.
 *
 * Source: Go encoding/base64, decodeQuantum, here with the characters of both alphabets.
 */

import { isBase64 } from './base64.js'
import { utf8Encode } from './utf8.js'

const PADDING = 0x3d

const isLineBreak = (byte: number | undefined): boolean => byte === 0x0a || byte === 0x0d

export function illegalBase64At(text: string): number {
  const bytes = utf8Encode(text)
  let inGroup = 0
  for (const [at, byte] of bytes.entries()) {
    if (isLineBreak(byte)) continue
    if (byte === PADDING && inGroup >= 2) return illegalPaddingAt(bytes, at, inGroup)
    if (!isBase64(byte)) return at
    inGroup = (inGroup + 1) % 4
  }
  return bytes.length - inGroup
}

/** @param first where the first `=` stands, after two or three characters of its group */
function illegalPaddingAt(bytes: Uint8Array, first: number, inGroup: number): number {
  const next = skipLineBreaks(bytes, first + 1)
  if (inGroup === 3 || next === bytes.length) return next
  return bytes[next] === PADDING ? skipLineBreaks(bytes, next + 1) : next - 1
}

function skipLineBreaks(bytes: Uint8Array, from: number): number {
  let at = from
  while (isLineBreak(bytes[at])) at++
  return at
}
