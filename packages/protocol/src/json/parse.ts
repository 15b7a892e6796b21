/**
 * Reads the JSON of a request or a response as etcd does: the first value counts and what follows it
 * is ignored; an empty text and `null` are `{}`; a number that JSON.parse would change becomes a
 * `JsonNumber`, because ids of leases and members are such integers and clients do send them bare.
 */

import { readFirstGoJson } from './go-json.js'
import { scanValue } from './scan.js'

/** @throws {HoldfastError} `invalidArgument`, in Go's words, when the text does not begin with JSON. */
export function parseFirstJson(text: string): unknown {
  const scanned = scanValue(text)
  if (scanned === undefined) return {}
  const { start, end, keepsNumbers } = scanned
  return (keepsNumbers ? quickly(text, start, end) : readFirstGoJson(text)) ?? {}
}

/** The fast path. What it cannot read is either not JSON, or a literal that ends where a word goes on. */
function quickly(text: string, start: number, end: number): unknown {
  try {
    return JSON.parse(text.slice(start, end))
  } catch {
    return readFirstGoJson(text)
  }
}
