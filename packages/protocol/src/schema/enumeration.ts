/**
 * Enumerations: read by name or by number, written by name. The names are the union of strings that
 * the code works with, because those are what users see on the wire.
 */

import { describe, FieldProblem, type Field } from './field.js'

/**
 * @param numbers the names and their numbers; one of them must have 0, which is the absent value.
 * @param unknown what to say of a value outside of them, where etcd has a text of its own.
 */
export function enumOf<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
  unknown?: string,
): Field<Name, Name> {
  const names = Object.keys(numbers) as Name[]
  const byNumber = new Map(names.map((name) => [numbers[name], name]))
  const known = new Set<unknown>(names)
  const absent = byNumber.get(0)
  if (absent === undefined) throw new TypeError('an enumeration needs a name for 0')

  const read = (json: unknown): Name => {
    if (typeof json === 'string' && known.has(json)) return json as Name
    const name = typeof json === 'number' ? byNumber.get(json) : undefined
    if (name !== undefined) return name
    throw new FieldProblem(unknown ?? `expected one of ${names.join(', ')}, got ${describe(json)}`)
  }
  return { absent, wireName: undefined, read, isAbsent: (value) => value === absent, write: read }
}
