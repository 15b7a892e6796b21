/**
 * Queries of the hot path: written with drizzle, so that schema and types are checked, but run by
 * the driver's own prepared statement. drizzle's prepared queries fill named placeholders and map
 * rows one field at a time, which costs as much again as SQLite itself: 13 against 6 µs a put here.
 *
 * Parameters are bound by position, rows come as arrays in the order of the selection.
 */

import type { Statement } from 'better-sqlite3'
import { is, Param, Placeholder } from 'drizzle-orm'
import { invariant } from '@holdfast/raft'
import type { Connection } from './connection.js'

interface Query {
  toSQL(): { readonly sql: string; readonly params: readonly unknown[] }
}

/** `names`: the query's placeholders, in the order in which they are bound. */
export function hotStatement<Parameters extends readonly unknown[], Row extends readonly unknown[]>(
  { client }: Connection,
  query: Query,
  names: readonly string[],
): Statement<[...Parameters], Row> {
  const { sql, params } = query.toSQL()
  const actual = params.map(placeholderName)
  const isAsDeclared =
    names.length === actual.length && names.every((name, at) => name === actual[at])
  invariant(isAsDeclared, `${sql} has the placeholders ${actual.join()}, not ${names.join()}`)
  const statement = client.prepare<[...Parameters], Row>(sql)
  return statement.reader ? statement.raw() : statement
}

function placeholderName(parameter: unknown): string {
  const placeholder = is(parameter, Param) ? parameter.value : parameter
  return is(placeholder, Placeholder) ? placeholder.name : String(placeholder)
}
