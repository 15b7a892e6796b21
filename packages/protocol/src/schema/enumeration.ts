/**
 * Enumerations: read by name or by number, written by name. The names are the union of strings that
 * the code works with, because those are what users see on the wire.
 */

import { goQuote } from '../json/go-quote.js'
import { JsonNumber } from '../json/json-number.js'
import { cannotUnmarshal, FieldProblem, kindOf, numberText, type Field } from './field.js'

/**
 * Deviation: a number without a name is refused. etcd takes a comparison by such an operator for
 * true, and before 3.5 ignores such a sort order.
 *
 * @param goType etcd's name for it, which its errors contain.
 * @param numbers the names and their numbers; one of them must have 0, which is the absent value.
 * @param unnamed what to say of a number that has no name, where etcd has a text of its own.
 */
export function enumOf<Name extends string>(
  goType: string,
  numbers: Readonly<Record<Name, number>>,
  unnamed?: string,
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
    throw notAMember(json, goType, unnamed)
  }
  return {
    absent,
    wireName: undefined,
    read,
    // etcd's gateway looks for the name before it sees that a list is wanted (jsonpb: unmarshal).
    notAList: (json) =>
      known.has(json)
        ? new FieldProblem(`invalid target "slice" for enum ${goType}`)
        : typeof json === 'string'
          ? notAMember(json, goType, unnamed)
          : undefined,
    isAbsent: (value) => value === absent,
    write: read,
    describe: () => ({ type: 'string', enum: names, default: absent }),
  }
}

function notAMember(json: unknown, goType: string, unnamed: string | undefined): FieldProblem {
  if (typeof json === 'string') {
    return new FieldProblem(`unknown value ${goQuote(json)} for enum ${goType}`)
  }
  if (typeof json !== 'number' && !(json instanceof JsonNumber)) {
    return cannotUnmarshal(kindOf(json), goType)
  }
  const text = numberText(json)
  const isInt32 = typeof json === 'number' && (json | 0) === json
  if (!isInt32) return cannotUnmarshal(`number ${text}`, goType)
  return new FieldProblem(unnamed ?? `unknown value ${text} for enum ${goType}`)
}
