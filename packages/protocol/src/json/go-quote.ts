/**
 * Quotes texts as Go does when it shows them in an error. Source: Go strconv.Quote and
 * encoding/json quoteChar.
 */

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}

/** strconv.IsPrint: of the spaces only that of ASCII. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

/** `%q` of a text. */
export function goQuote(text: string): string {
  return `"${Array.from(text, escaped).join('')}"`
}

/** Go's scanner looks at bytes, and shows each as if it were the character of that number. */
export function goQuoteByte(byte: number): string {
  const character = String.fromCharCode(byte)
  if (character === "'") return "'\\''"
  return character === '"' ? "'\"'" : `'${escaped(character)}'`
}

function escaped(character: string): string {
  const short = SHORT_ESCAPES[character]
  if (short !== undefined) return short
  if (PRINTABLE.test(character)) return character
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
