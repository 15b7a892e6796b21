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

import { describe, FieldProblem, type Field } from './field.js'

const DECIMAL = /^-?(?:0|[1-9][0-9]*)$/
const INT64: Bounds = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
const UINT64: Bounds = { min: 0n, max: 2n ** 64n - 1n }
/** Every decimal of at most this many characters is a safe integer. */
const SAFE_LENGTH = 15

interface Bounds {
  readonly min: bigint
  readonly max: bigint
}

/** The decimal text of an integer, `-0` made `0`. */
function decimal(json: unknown): string {
  if (typeof json === 'number' && Number.isInteger(json)) {
    return Number.isSafeInteger(json) ? String(json) : BigInt(json).toString()
  }
  if (typeof json === 'string' && DECIMAL.test(json)) return json === '-0' ? '0' : json
  throw new FieldProblem(`expected an integer, got ${describe(json)}`)
}

function checkBounds(text: string, bounds: Bounds): void {
  if (text.length <= SAFE_LENGTH && (text[0] !== '-' || bounds.min < 0n)) return
  // The longest 64-bit decimal has 20 characters; a longer text is not worth a conversion.
  const value = text.length > 20 ? undefined : BigInt(text)
  if (value === undefined || value < bounds.min || value > bounds.max) {
    throw new FieldProblem(`out of range: ${describe(text)}`)
  }
}

function readNumber(json: unknown, bounds: Bounds): number {
  const text = decimal(json)
  checkBounds(text, bounds)
  const value = Number(text)
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
    const text = decimal(json)
    checkBounds(text, bounds)
    return text
  }
  return {
    absent: '0',
    wireName: undefined,
    read,
    isAbsent: (value) => value === '0',
    write: read,
  }
}

const id64Field = exactId(INT64)
const unsignedId64Field = exactId(UINT64)

/** The id of a lease: a signed 64-bit integer in canonical decimal, `'0'` meaning none. */
export const id64 = (): Field<string, string> => id64Field
/** The id of a member or a cluster: an unsigned 64-bit integer in canonical decimal. */
export const unsignedId64 = (): Field<string, string> => unsignedId64Field

function narrowNumber(min: number, max: number): Field<number, number> {
  const read = (json: unknown): number => {
    const value = Number(decimal(json))
    if (value < min || value > max) throw new FieldProblem(`out of range: ${describe(json)}`)
    return value
  }
  return { absent: 0, wireName: undefined, read, isAbsent: (value) => value === 0, write: read }
}

const int32Field = narrowNumber(-(2 ** 31), 2 ** 31 - 1)
const uint32Field = narrowNumber(0, 2 ** 32 - 1)

/** Written as a JSON number, unlike the 64-bit kinds. */
export const int32 = (): Field<number, number> => int32Field
export const uint32 = (): Field<number, number> => uint32Field
