/**
 * What commands print: lines for people, or with `--json` documents for programs, one per line.
 *
 * Bytes are `{"text": "…"}` in JSON when they are valid UTF-8, else `{"base64": "…"}`. For people they
 * are text in which control characters and stray bytes are escaped, so that a value can neither
 * break a table nor talk to the terminal.
 */

import type { Failure } from './failure.js'
import type { Io } from './io.js'

export interface Output {
  readonly json: boolean
  /** The result, in the form that was asked for; only one of the two is evaluated. */
  result(forms: { readonly json: () => unknown; readonly text: () => string }): void
  failure(failure: Failure): void
  /** For people only: what happens now. On standard error, so that results stay clean. */
  note(line: string): void
}

export function createOutput(io: Pick<Io, 'stdout' | 'stderr'>, json: boolean): Output {
  return {
    json,
    result(forms) {
      const text = json ? JSON.stringify(forms.json()) : forms.text()
      if (text !== '') io.stdout.write(`${text}\n`)
    },
    failure({ code, message, outcome }) {
      const inDoubt = outcome === 'unknown' ? ' (it may have taken effect)' : ''
      const line = json
        ? JSON.stringify({ error: { code, message, outcome } })
        : `holdfast: ${message}${inDoubt}`
      io.stderr.write(`${line}\n`)
    },
    note(line) {
      if (!json) io.stderr.write(`holdfast: ${line}\n`)
    },
  }
}

export type JsonBytes = { readonly text: string } | { readonly base64: string }

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function jsonBytes(bytes: Uint8Array): JsonBytes {
  const text = decodeStrictly(bytes)
  return text === undefined ? { base64: Buffer.from(bytes).toString('base64') } : { text }
}

export function printable(bytes: Uint8Array): string {
  const text = decodeStrictly(bytes)
  if (text !== undefined) return text.replace(/[\p{Cc}\u2028\u2029]/gu, escapeCharacter)
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : hex(byte),
  ).join('')
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  return Array.from(Buffer.from(character), hex).join('')
}

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`

/** Columns as wide as their widest cell; numbers are for the caller to have made texts. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}
