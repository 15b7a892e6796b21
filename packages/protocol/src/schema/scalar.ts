/** The fields that hold one plain value: booleans, texts and bytes. */

import { decodeBase64, encodeBase64 } from '../bytes/base64.js'
import { describe, FieldProblem, type Field } from './field.js'

const boolField: Field<boolean, boolean> = {
  absent: false,
  wireName: undefined,
  read(json) {
    if (typeof json !== 'boolean') {
      throw new FieldProblem(`expected true or false, got ${describe(json)}`)
    }
    return json
  },
  isAbsent: (value) => !value,
  write(value) {
    if (typeof value !== 'boolean') {
      throw new FieldProblem(`expected true or false, got ${describe(value)}`)
    }
    return value
  },
}

export const bool = (): Field<boolean, boolean> => boolField

const stringField: Field<string, string> = {
  absent: '',
  wireName: undefined,
  read(json) {
    if (typeof json !== 'string') throw new FieldProblem(`expected a string, got ${describe(json)}`)
    return json
  },
  isAbsent: (value) => value === '',
  write(value) {
    if (typeof value !== 'string') {
      throw new FieldProblem(`expected a string, got ${describe(value)}`)
    }
    return value
  },
}

export const string = (): Field<string, string> => stringField

/** The value of absent bytes. It has no element, so sharing it is safe. */
export const NO_BYTES = new Uint8Array(0)

const bytesField: Field<Uint8Array, Uint8Array> = {
  absent: NO_BYTES,
  wireName: undefined,
  read(json) {
    if (typeof json !== 'string') throw new FieldProblem(`expected base64, got ${describe(json)}`)
    const bytes = decodeBase64(json)
    if (bytes === undefined) throw new FieldProblem(`not base64: ${describe(json)}`)
    return bytes
  },
  isAbsent: (value) => value.length === 0,
  write(value) {
    if (!(value instanceof Uint8Array)) {
      throw new FieldProblem(`expected bytes, got ${describe(value)}`)
    }
    return encodeBase64(value)
  },
}

/** Written as padded standard base64; read as standard or URL-safe, padded or not. */
export const bytes = (): Field<Uint8Array, Uint8Array> => bytesField
