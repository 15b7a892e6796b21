/**
 * What a field of a message is: how its value is read from JSON and written to it, and which value
 * it has when it is absent. A field knows nothing of its name; the message adds that to a problem.
 *
 * Source: the JSON mapping of proto3, as etcd's gateway applies it (golang/protobuf jsonpb 1.3).
 */

import { JsonNumber } from '../json/json-number.js'

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

export interface JsonObject {
  [name: string]: JsonValue
}

/**
 * `T` is what reading gives, `In` what writing takes. `Field<unknown, never>` is any field at all.
 */
export interface Field<T, In> {
  /** The value of an absent field. Shared between messages, so it is never changed. */
  readonly absent: T
  /** Reads a value that is neither absent nor null. @throws FieldProblem */
  read(json: unknown): T
  /** Whether writing leaves the value out. */
  isAbsent(value: In): boolean
  /** @throws FieldProblem when the value does not fit the type. */
  write(value: In): JsonValue
  /** What etcd says of a value in the place of a list of these, where it is not that it is no list. */
  notAList?(json: unknown): FieldProblem | undefined
  /** The name on the wire, where it is not the snake_case of the property. */
  readonly wireName: string | undefined
  /** As JSON Schema says it; messages inside it are named, and given to `meet`. */
  describe(meet: MeetMessage): JsonObject
}

/** A message as JSON Schema says it, under its name. */
export interface DescribedMessage {
  readonly name: string
  describe(meet: MeetMessage): JsonObject
}

export type MeetMessage = (message: DescribedMessage) => void

/** How one is referred to where many are described together. */
export function schemaRef(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` }
}

export type AnyField = Field<unknown, never>

/** A value that does not fit, and the path to it, which each level prepends to on the way out. */
export class FieldProblem extends Error {
  path: string

  constructor(problem: string, path = '') {
    super(problem)
    this.path = path
  }

  /** The same problem, seen from the level above. */
  within(segment: string): this {
    const joint = this.path === '' || this.path.startsWith('[') ? '' : '.'
    this.path = segment + joint + this.path
    return this
  }
}

/** Gives a field a name on the wire that is not the snake_case of its property, such as `ID`. */
export function named<T, In>(wireName: string, field: Field<T, In>): Field<T, In> {
  return { ...field, wireName }
}

/**
 * What Go's encoding/json says of a value that a Go type cannot hold. The types are those of etcd's
 * generated code, which its users have come to know from these texts.
 *
 * @param what the kind of value, and its text where Go gives it
 */
export function cannotUnmarshal(what: string, goType: string): FieldProblem {
  return new FieldProblem(`json: cannot unmarshal ${what} into Go value of type ${goType}`)
}

/** Go's word for a kind of JSON value. */
export function kindOf(json: unknown): string {
  if (json === null) return 'null'
  if (Array.isArray(json)) return 'array'
  if (json instanceof JsonNumber || typeof json === 'number') return 'number'
  return typeof json === 'boolean' ? 'bool' : typeof json
}

/** A number as it was written, for those kinds of fields of which Go quotes it. */
export function numberText(json: number | JsonNumber): string {
  if (json instanceof JsonNumber) return json.text
  return Object.is(json, -0) ? '-0' : String(json)
}

/** Names what was found instead, without repeating a caller's data at length. */
export function describe(json: unknown): string {
  if (json === null) return 'null'
  if (Array.isArray(json)) return 'an array'
  if (typeof json === 'object') return 'an object'
  const plain = typeof json === 'number' || typeof json === 'boolean'
  const text = plain ? String(json) : typeof json === 'string' ? JSON.stringify(json) : typeof json
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
