/**
 * Integers. proto3 JSON writes 64-bit ones as decimal strings, because a JSON number loses digits
 * above 2^53, and accepts both. Two readings of them exist here:
 *
 * - `int64` and `uint64` become JavaScript numbers: revisions, counts, limits, seconds. A value
 *   beyond ±(2^53 − 1) saturates there: it lies beyond any revision that can ever exist, so that
 *   every comparison with a real one comes out the same.
 * - `id64` and `unsignedId64` stay canonical decimal strings: ids of leases, members and clusters use
 *   all 64 bits and must come back exactly.
 */

import { HoldfastError } from '../errors/holdfast-error.js'
import { readWholeGoJson } from '../json/go-json.js'
import { JsonNumber } from '../json/json-number.js'
import { cannotUnmarshal, describe, FieldProblem, kindOf, numberText, type Field } from './field.js'

const DECIMAL = /^-?(?:0|[1-9][0-9]*)$/

interface Bounds {
  readonly goType: string
  readonly min: bigint
  readonly max: bigint
  /** Every decimal of at most this many characters is within the bounds, its sign aside. */
  readonly shortLength: number
}

const INT64: Bounds = { goType: 'int64', min: -(2n ** 63n), max: 2n ** 63n - 1n, shortLength: 15 }
const UINT64: Bounds = { goType: 'uint64', min: 0n, max: 2n ** 64n - 1n, shortLength: 15 }
const INT32: Bounds = { goType: 'int32', min: -(2n ** 31n), max: 2n ** 31n - 1n, shortLength: 9 }
const UINT32: Bounds = { goType: 'uint32', min: 0n, max: 2n ** 32n - 1n, shortLength: 9 }

/** The decimal text of an integer within its bounds, `-0` made `0`. */
function decimal(json: unknown, bounds: Bounds): string {
  const text = plainDecimal(json) ?? writtenOtherwise(json, bounds.goType)
  if (!isWithin(text, bounds)) throw cannotUnmarshal(`number ${text}`, bounds.goType)
  return text === '-0' ? '0' : text
}

function plainDecimal(json: unknown): string | undefined {
  if (typeof json === 'string') return DECIMAL.test(json) ? json : undefined
  return typeof json === 'number' && Number.isSafeInteger(json) ? numberText(json) : undefined
}

/**
 * jsonpb takes the quotes from a string and reads what is left as JSON again: it may have space
 * around it, or be null, and a text that is no number gets the errors of JSON.
 */
function writtenOtherwise(json: unknown, goType: string): string {
  const value = typeof json === 'string' ? readUnquoted(json) : json
  if (value === null) return '0'
  if (typeof value !== 'number' && !(value instanceof JsonNumber)) {
    throw cannotUnmarshal(kindOf(value), goType)
  }
  // An integer that a program wrote itself may be long without being a `JsonNumber`.
  const isLong = Number.isInteger(value) && !Number.isSafeInteger(value)
  const text = isLong ? BigInt(Number(value)).toString() : numberText(value)
  if (DECIMAL.test(text)) return text
  throw cannotUnmarshal(`number ${text}`, goType)
}

function readUnquoted(text: string): unknown {
  try {
    return readWholeGoJson(text)
  } catch (error) {
    throw error instanceof HoldfastError ? new FieldProblem(error.message) : error
  }
}

function isWithin(text: string, { min, max, shortLength }: Bounds): boolean {
  if (min === 0n && text.startsWith('-')) return false
  if (text.length <= shortLength) return true
  // The longest 64-bit decimal has 20 characters; a longer text is not worth a conversion.
  if (text.length > 20) return false
  const value = BigInt(text)
  return value >= min && value <= max
}

function readNumber(json: unknown, bounds: Bounds): number {
  const value = Number(decimal(json, bounds))
  if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER
  return value < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : value
}

function wideNumber(bounds: Bounds): Field<number, number> {
  return {
    absent: 0,
    wireName: undefined,
    read: (json) => readNumber(json, bounds),
    isAbsent: (value) => value === 0,
    write(value) {
      if (!Number.isSafeInteger(value) || (value < 0 && bounds.min === 0n)) {
        throw new FieldProblem(`expected a safe integer, got ${describe(value)}`)
      }
      return String(value)
    },
    describe: () => ({ type: 'string', format: bounds.goType }),
  }
}

const int64Field = wideNumber(INT64)
const uint64Field = wideNumber(UINT64)

/** A signed 64-bit integer as a number, saturating at ±(2^53 − 1). */
export const int64 = (): Field<number, number> => int64Field
/** An unsigned 64-bit integer as a number, saturating at 2^53 − 1. */
export const uint64 = (): Field<number, number> => uint64Field

function exactId(bounds: Bounds): Field<string, string> {
  const read = (json: unknown): string => {
    if (typeof json === 'number' && !Number.isSafeInteger(json)) {
      throw new FieldProblem(`a number that has lost digits, got ${describe(json)}`)
    }
    return decimal(json, bounds)
  }
  return {
    absent: '0',
    wireName: undefined,
    read,
    isAbsent: (value) => value === '0',
    write: read,
    describe: () => ({ type: 'string', format: bounds.goType }),
  }
}

const id64Field = exactId(INT64)
const unsignedId64Field = exactId(UINT64)

/** The id of a lease: a signed 64-bit integer in canonical decimal, `'0'` meaning none. */
export const id64 = (): Field<string, string> => id64Field
/** The id of a member or a cluster: an unsigned 64-bit integer in canonical decimal. */
export const unsignedId64 = (): Field<string, string> => unsignedId64Field

function narrowNumber(bounds: Bounds): Field<number, number> {
  const read = (json: unknown): number => Number(decimal(json, bounds))
  return {
    absent: 0,
    wireName: undefined,
    read,
    isAbsent: (value) => value === 0,
    write: read,
    describe: () => ({ type: 'integer', format: bounds.goType }),
  }
}

const int32Field = narrowNumber(INT32)
const uint32Field = narrowNumber(UINT32)

/** Written as a JSON number, unlike the 64-bit kinds. */
export const int32 = (): Field<number, number> => int32Field
export const uint32 = (): Field<number, number> => uint32Field
