/** The fields that hold one plain value: booleans, texts and bytes. */

import { decodeBase64, encodeBase64 } from '../bytes/base64.js'
import { illegalBase64At } from '../bytes/illegal-base64.js'
import { JsonNumber } from '../json/json-number.js'
import { cannotUnmarshal, describe, FieldProblem, kindOf, numberText, type Field } from './field.js'

const boolField: Field<boolean, boolean> = {
  absent: false,
  wireName: undefined,
  read(json) {
    if (typeof json !== 'boolean') throw cannotUnmarshal(kindOf(json), 'bool')
    return json
  },
  isAbsent: (value) => !value,
  write(value) {
    if (typeof value !== 'boolean') {
      throw new FieldProblem(`expected true or false, got ${describe(value)}`)
    }
    return value
  },
  describe: () => ({ type: 'boolean' }),
}

export const bool = (): Field<boolean, boolean> => boolField

const stringField: Field<string, string> = {
  absent: '',
  wireName: undefined,
  read(json) {
    if (typeof json !== 'string') throw cannotUnmarshal(kindOf(json), 'string')
    return json
  },
  isAbsent: (value) => value === '',
  write(value) {
    if (typeof value !== 'string') {
      throw new FieldProblem(`expected a string, got ${describe(value)}`)
    }
    return value
  },
  describe: () => ({ type: 'string' }),
}

export const string = (): Field<string, string> => stringField

/** The value of absent bytes. It has no element, so sharing it is safe. */
export const NO_BYTES = new Uint8Array(0)

const bytesField: Field<Uint8Array, Uint8Array> = {
  absent: NO_BYTES,
  wireName: undefined,
  read(json) {
    if (Array.isArray(json)) return bytesOfNumbers(json)
    if (typeof json !== 'string') throw cannotUnmarshal(kindOf(json), '[]uint8')
    const bytes = decodeBase64(json)
    if (bytes !== undefined) return bytes
    throw new FieldProblem(`illegal base64 data at input byte ${illegalBase64At(json)}`)
  },
  isAbsent: (value) => value.length === 0,
  write(value) {
    if (!(value instanceof Uint8Array)) {
      throw new FieldProblem(`expected bytes, got ${describe(value)}`)
    }
    return encodeBase64(value)
  },
  describe: () => ({ type: 'string', format: 'byte', contentEncoding: 'base64' }),
}

/** Go reads a list of numbers into any list of bytes; null it leaves at 0. */
function bytesOfNumbers(items: readonly unknown[]): Uint8Array {
  return Uint8Array.from(items, (item) => {
    if (item === null) return 0
    if (typeof item !== 'number' && !(item instanceof JsonNumber)) {
      throw cannotUnmarshal(kindOf(item), 'uint8')
    }
    const text = numberText(item)
    const value = /^[0-9]{1,3}$/.test(text) ? Number(text) : Infinity
    if (value > 255) throw cannotUnmarshal(`number ${text}`, 'uint8')
    return value
  })
}

/** Written as padded standard base64; read as standard or URL-safe, padded or not. */
export const bytes = (): Field<Uint8Array, Uint8Array> => bytesField
