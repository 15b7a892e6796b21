/**
 * Messages: a table of fields, from which decoding, encoding and the TypeScript types all follow.
 *
 * Decoding accepts each field by its name on the wire and by the lowerCamelCase of that, ignores
 * unknown names, reads null as absent, and refuses a field in both spellings or two members of a
 * oneof. Of several fields that do not fit it names the one that etcd comes upon first. Encoding leaves out what is absent. The tables are built once; a message of ten fields costs
 * one object and one look-up a field that is present.
 */

import { FieldError } from '../errors/field-error.js'
import { JsonNumber } from '../json/json-number.js'
import {
  cannotUnmarshal,
  FieldProblem,
  kindOf,
  type AnyField,
  type Field,
  type JsonObject,
  type MeetMessage,
} from './field.js'

export interface Message<T, In> {
  readonly name: string
  /**
   * @throws {FieldError} `invalidArgument`, in etcd's words, when the JSON does not fit. Its `path`
   * names the field.
   */
  decode(json: unknown): T
  /** @throws {FieldError} `invalidArgument`, naming the field, when a value does not fit. */
  encode(value: In): JsonObject
  /** As `decode`, for a message inside another. @throws FieldProblem */
  read(json: unknown): T
  /** As `encode`, for a message inside another. @throws FieldProblem */
  write(value: In): JsonObject
  /** As JSON Schema says it. Any name that is not in it is ignored. */
  describe(meet: MeetMessage): JsonObject
}

type Fields = Readonly<Record<string, AnyField>>

/** What decoding gives: every field is there, with its default when it was absent. */
type Decoded<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T, never> ? T : never
}

/** What encoding takes: every field may be missing. */
type Encodable<F extends Fields> = {
  readonly [K in keyof F]?: F[K] extends { write(value: infer In): unknown }
    ? In | undefined
    : never
}

export type MessageOf<M> = M extends Message<infer T, never> ? T : never
export type InputOf<M> = M extends { encode(value: infer In): JsonObject } ? In : never

interface Entry {
  readonly property: string
  readonly wireName: string
  readonly field: Field<unknown, unknown>
  readonly bit: number
  /** jsonpb reads the fields as they are declared, and those of oneofs after the others. */
  readonly rank: number
  /** The bits of this field's oneof, or its own. At most one of them may be present. */
  readonly exclusive: number
}

interface Options {
  /** Groups of properties of which at most one may be present. */
  readonly oneof?: readonly (readonly string[])[]
}

const snakeCase = (property: string): string =>
  property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const lowerCamelCase = (wireName: string): string =>
  wireName.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

function entriesOf(fields: Fields, oneofs: readonly (readonly string[])[]): readonly Entry[] {
  const properties = Object.keys(fields)
  // A set of fields is a bit mask, and bit operations have 31 bits that are not the sign.
  if (properties.length > 31) throw new TypeError('a message has at most 31 fields')
  const bitOf = (property: string): number => 1 << properties.indexOf(property)

  return Object.entries(fields).map(([property, field], index) => {
    const oneof = oneofs.find((members) => members.includes(property))
    const group = oneof ?? [property]
    return {
      property,
      wireName: field.wireName ?? snakeCase(property),
      field: field,
      bit: bitOf(property),
      rank: oneof === undefined ? index : properties.length + index,
      exclusive: group.reduce((mask, member) => mask | bitOf(member), 0),
    }
  })
}

/** Declares a message. Property names are camelCase; the wire has their snake_case unless `named`. */
export function message<const F extends Fields>(
  name: string,
  fields: F,
  options: Options = {},
): Message<Decoded<F>, Encodable<F>> {
  const entries = entriesOf(fields, options.oneof ?? [])
  // A Map, so that `__proto__` and `constructor` are unknown names like any other.
  const byName = new Map<string, Entry>()
  for (const entry of entries) {
    byName.set(entry.wireName, entry)
    byName.set(lowerCamelCase(entry.wireName), entry)
  }
  const absent = Object.fromEntries(entries.map((entry) => [entry.property, entry.field.absent]))

  const read = (json: unknown): Decoded<F> => readMessage(json, absent, byName) as Decoded<F>
  const write = (value: Encodable<F>): JsonObject => writeMessage(value, entries)
  return {
    name,
    read,
    write,
    decode: (json) => refusing(name, () => read(json), bareText),
    encode: (value) => refusing(name, () => write(value), textWithPath),
    describe: (meet) => describeMessage(entries, meet),
  }
}

function describeMessage(entries: readonly Entry[], meet: MeetMessage): JsonObject {
  const properties = entries.map(({ wireName, field }) => [wireName, field.describe(meet)] as const)
  return { type: 'object', properties: Object.fromEntries(properties) }
}

function readMessage(
  json: unknown,
  absent: Readonly<Record<string, unknown>>,
  byName: ReadonlyMap<string, Entry>,
): Readonly<Record<string, unknown>> {
  if (!isObject(json)) throw cannotUnmarshal(kindOf(json), 'map[string]json.RawMessage')
  const result = { ...absent }
  let seen = 0
  let first: { readonly rank: number; readonly problem: FieldProblem } | undefined
  for (const name of Object.keys(json)) {
    const entry = byName.get(name)
    if (entry === undefined) continue
    const value = json[name]
    if (value === null || value === undefined) continue
    if ((seen & entry.exclusive) !== 0) throw conflict(entry, seen).within(name)
    seen |= entry.bit
    try {
      result[entry.property] = entry.field.read(value)
    } catch (error) {
      if (!(error instanceof FieldProblem)) throw error
      const { rank } = entry
      if (first === undefined || rank < first.rank) first = { rank, problem: error.within(name) }
    }
  }
  if (first !== undefined) throw first.problem
  return result
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return (
    typeof json === 'object' &&
    json !== null &&
    !Array.isArray(json) &&
    !(json instanceof JsonNumber)
  )
}

function conflict(entry: Entry, seen: number): FieldProblem {
  return (seen & entry.bit) !== 0
    ? new FieldProblem('given twice, in two spellings')
    : new FieldProblem('only one member of a oneof may be set')
}

function writeMessage(
  value: Readonly<Record<string, unknown>>,
  entries: readonly Entry[],
): JsonObject {
  const json: JsonObject = {}
  for (const { property, wireName, field } of entries) {
    const one = value[property]
    if (one === undefined || field.isAbsent(one)) continue
    try {
      json[wireName] = field.write(one)
    } catch (error) {
      throw error instanceof FieldProblem ? error.within(property) : error
    }
  }
  return json
}

type Wording = (problem: string, path: string) => string

/** etcd's texts name no field. */
const bareText: Wording = (problem) => problem
const textWithPath: Wording = (problem, path) => `${path}: ${problem}`

function refusing<T>(name: string, work: () => T, wording: Wording): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof FieldProblem)) throw error
    const path = error.path === '' ? name : `${name}.${error.path}`
    throw new FieldError(path, wording(error.message, path))
  }
}
