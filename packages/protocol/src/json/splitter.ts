/**
 * Cuts a stream of JSON values that follow each other, separated by newlines or by nothing, into the
 * values. Chunks may end anywhere: inside a string, an escape or a UTF-8 sequence.
 *
 * Each character is looked at once, in the chunk it came in; `#parts` holds what earlier chunks gave
 * to the value in progress. Sizes are counted in UTF-16 units, of which there are never more than
 * bytes.
 */

import { utf8StreamDecoder } from '../bytes/utf8.js'
import { HoldfastError } from '../errors/holdfast-error.js'
import { limits } from '../limits.js'
import { parseFirstJson } from './parse.js'
import { tooDeep } from './scan.js'

export class JsonSplitter {
  readonly #maxBytes: number
  readonly #decoder = utf8StreamDecoder()
  #parts: string[] = []
  #length = 0
  /** Whether a value has begun. */
  #started = false
  #depth = 0
  #inString = false
  /** Whether the character before the next one is a backslash that escapes it. */
  #escaped = false
  /** What was found wrong, once it was. */
  #problem: Error | undefined

  constructor(options: { readonly maxBytes?: number } = {}) {
    this.#maxBytes = options.maxBytes ?? limits.maxStreamMessageBytes
  }

  /**
   * Adds a chunk and returns the values that it completes, parsed by `parseFirstJson`. What is wrong
   * after some of them is thrown by the next call, of whatever method; who may wait long for another
   * chunk calls `check` first.
   *
   * @throws {HoldfastError} `invalidArgument` when a value is not JSON, `resourceExhausted` when one
   * is too long. After either, the splitter is of no use.
   */
  push(chunk: string | Uint8Array): unknown[] {
    this.check()
    const text = typeof chunk === 'string' ? chunk : this.#decoder.decode(chunk, { stream: true })
    const values: unknown[] = []
    try {
      this.#split(text, values)
    } catch (error) {
      this.#problem = error as Error
      if (values.length === 0) throw error
    }
    return values
  }

  /** @throws {HoldfastError} what was found wrong after the values that `push` returned last. */
  check(): void {
    if (this.#problem !== undefined) throw this.#problem
  }

  /** Ends the stream. @throws {HoldfastError} `invalidArgument` when a value was cut off. */
  end(): unknown[] {
    // Half a character completes nothing.
    this.push(this.#decoder.decode())
    return this.#started ? [this.#take('')] : []
  }

  #split(text: string, values: unknown[]): void {
    let from = 0
    let at = 0
    while (at < text.length) {
      if (this.#inString) {
        const end = this.#skipString(text, at)
        at = end ?? text.length
        if (end === undefined || this.#depth > 0) continue
      } else {
        const step = this.#step(text.charAt(at))
        if (step !== 'endsBefore') at++
        if (step === 'inside') continue
      }
      if (this.#started) values.push(this.#take(text.slice(from, at)))
      from = at
    }
    this.#keep(text.slice(from))
  }

  #keep(rest: string): void {
    if (rest === '') return
    this.#parts.push(rest)
    this.#length += rest.length
    if (this.#length > this.#maxBytes) {
      throw new HoldfastError('resourceExhausted', `JSON value over ${this.#maxBytes} bytes`, {
        outcome: 'not-applied',
      })
    }
  }

  #take(last: string): unknown {
    this.#keep(last)
    const text = this.#parts.join('')
    this.#parts = []
    this.#length = 0
    this.#started = false
    this.#depth = 0
    return parseFirstJson(text)
  }

  /** What one character outside of strings does to the value in progress, if there is one. */
  #step(character: string): 'inside' | 'endsBefore' | 'endsAfter' {
    const bare = this.#depth === 0
    switch (character) {
      case '"':
      case '{':
      case '[':
        // A bare value such as `null` ends where another value begins.
        if (this.#started && bare) return 'endsBefore'
        this.#started = true
        this.#open(character)
        return 'inside'
      case '}':
      case ']':
        this.#started = true
        return --this.#depth <= 0 ? 'endsAfter' : 'inside'
      case ' ':
      case '\n':
      case '\r':
      case '\t':
        return bare ? 'endsAfter' : 'inside'
      default:
        this.#started = true
        return 'inside'
    }
  }

  #open(character: '"' | '{' | '['): void {
    if (character === '"') {
      this.#inString = true
      this.#escaped = false
    } else if (++this.#depth > limits.maxJsonDepth) {
      throw tooDeep()
    }
  }

  /** Where the string ends; undefined if it does so in a later chunk. */
  #skipString(text: string, from: number): number | undefined {
    for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 1)) {
      if (this.#escapes(text, from, at)) continue
      this.#inString = false
      return at + 1
    }
    this.#escaped = this.#escapes(text, from, text.length)
    return undefined
  }

  /** Whether the character at `at` is escaped by what stands between it and `from`, or before. */
  #escapes(text: string, from: number, at: number): boolean {
    let backslashes = 0
    while (at - 1 - backslashes >= from && text.charAt(at - 1 - backslashes) === '\\') backslashes++
    const before = at - backslashes === from && this.#escaped ? 1 : 0
    return (backslashes + before) % 2 === 1
  }
}
