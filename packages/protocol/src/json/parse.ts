/**
 * Reads the JSON of a request or a response as etcd does: the first value counts and what follows it
 * is ignored; an empty text and `null` are `{}`; a bare integer above 2^53 keeps its digits, because
 * ids of leases and members are such integers and clients do send them bare.
 *
 * Such an integer comes out as a string, which every integer field of the schema accepts.
 */

import { HoldfastError } from '../errors/holdfast-error.js'
import { scanValue } from './scan.js'

/** @throws {HoldfastError} `invalidArgument` when the text does not begin with a JSON value. */
export function parseFirstJson(text: string): unknown {
  const scanned = scanValue(text)
  if (scanned === undefined) return {}
  const { start, end, longIntegers } = scanned
  const value = longIntegers.length === 0 ? text.slice(start, end) : quoteAll(text, scanned)
  try {
    return (JSON.parse(value) as unknown) ?? {}
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'not JSON'
    throw new HoldfastError('invalidArgument', problem, { outcome: 'not-applied', cause: error })
  }
}

function quoteAll(
  text: string,
  { start, end, longIntegers }: { start: number; end: number; longIntegers: readonly number[] },
): string {
  let quoted = ''
  let from = start
  for (let index = 0; index < longIntegers.length; index += 2) {
    const first = longIntegers[index] ?? end
    const past = longIntegers[index + 1] ?? end
    quoted += `${text.slice(from, first)}"${text.slice(first, past)}"`
    from = past
  }
  return quoted + text.slice(from, end)
}
