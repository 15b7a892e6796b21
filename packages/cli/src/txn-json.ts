/**
 * The JSON form of a transaction. It can say what the text form cannot: keys and values that are not
 * text, and comparisons of all keys of an interval.
 *
 *     {
 *       "compare": [{ "target": "mod", "key": "config/rate", "comparison": ">", "operand": 0 }],
 *       "success": [{ "put": { "key": "config/rate", "value": "12" } }],
 *       "failure": [{ "get": { "key": "config/", "prefix": true } }]
 *     }
 *
 * A key or value is a text, `{"text": "…"}` or `{"base64": "…"}`. The other names are those of the
 * options of `get`, `put` and `del`. A name that is not known is refused, and a wrong one is named by
 * its path.
 */

import {
  sortOrders,
  sortTargets,
  type DelFlags,
  type GetFlags,
  type PutFlags,
} from './key-options.js'
import {
  compareTargets,
  comparisons,
  type PlannedCompare,
  type PlannedOp,
  type TxnPlan,
} from './txn-plan.js'
import { leaseId } from './arguments.js'
import { UsageError } from './usage-error.js'

type Reader<T> = (json: unknown, path: string) => T

/** @throws {UsageError} */
export function parseTxnJson(input: string): TxnPlan {
  let json: unknown
  try {
    json = JSON.parse(input)
  } catch (cause) {
    throw new UsageError(`the transaction is not JSON: ${String(cause)}`, { cause })
  }
  const fields = object({
    compare: many(readCompare),
    success: many(readOp),
    failure: many(readOp),
  })
  const { compare = [], success = [], failure = [] } = fields(json, 'the transaction')
  return { compare, success, failure }
}

const bytes: Reader<string | Uint8Array> = (json, path) => {
  if (typeof json === 'string') return json
  const { text, base64 } = object({ text: string, base64: string })(json, path)
  if (text !== undefined && base64 === undefined) return text
  if (base64 === undefined || text !== undefined || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw wrong(path, 'must be a text, {"text": …} or {"base64": …}')
  }
  return Buffer.from(base64, 'base64')
}

const rangeFields = { prefix: boolean, fromKey: boolean, rangeEnd: string }

const getFields = object({
  key: bytes,
  ...rangeFields,
  limit: wholeNumber,
  revision: wholeNumber,
  sortBy: oneOf(sortTargets),
  order: oneOf(sortOrders),
  keysOnly: boolean,
  countOnly: boolean,
  serializable: boolean,
})

const putFields = object({
  key: bytes,
  value: bytes,
  lease,
  prevKv: boolean,
  ignoreValue: boolean,
  ignoreLease: boolean,
})

const delFields = object({ key: bytes, ...rangeFields, prevKv: boolean })

function readOp(json: unknown, path: string): PlannedOp {
  const fields = object({ get: getFields, put: putFields, del: delFields })
  const { get, put, del } = fields(json, path)
  if ([get, put, del].filter((one) => one !== undefined).length !== 1) {
    throw wrong(path, 'must have one of get, put, del')
  }
  if (get !== undefined) {
    const { key, ...flags } = get
    return { type: 'get', key: present(key, `${path}.get.key`), flags: given<GetFlags>(flags) }
  }
  if (put !== undefined) {
    const { key, value, ...rest } = put
    const flags = given<PutFlags>(rest)
    const text = flags.ignoreValue === true ? (value ?? '') : present(value, `${path}.put.value`)
    return { type: 'put', key: present(key, `${path}.put.key`), value: text, flags }
  }
  const { key, ...flags } = del ?? {}
  return { type: 'del', key: present(key, `${path}.del.key`), flags: given<DelFlags>(flags) }
}

const compareFields = object({
  target: oneOf(compareTargets),
  key: bytes,
  comparison: oneOf(comparisons),
  operand: (json: unknown): unknown => json,
  ...rangeFields,
})

function readCompare(json: unknown, path: string): PlannedCompare {
  const { target, key, comparison, operand, ...flags } = compareFields(json, path)
  const at = `${path}.operand`
  const shared = {
    key: present(key, `${path}.key`),
    comparison: present(comparison, `${path}.comparison`),
    ...given(flags),
  }
  const what = present(target, `${path}.target`)
  if (what === 'value') return { ...shared, target: what, operand: bytes(operand, at) }
  if (what === 'lease') return { ...shared, target: what, operand: lease(operand, at) }
  return { ...shared, target: what, operand: wholeNumber(operand, at) }
}

/** Reads the fields that are known; the others are refused. */
function object<Fields extends Readonly<Record<string, Reader<unknown>>>>(
  fields: Fields,
): Reader<{ readonly [Name in keyof Fields]?: ReturnType<Fields[Name]> }> {
  return (json, path) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw wrong(path, 'must be an object')
    }
    const read: [string, unknown][] = []
    for (const [name, value] of Object.entries(json as Readonly<Record<string, unknown>>)) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined
      if (field === undefined) {
        throw wrong(
          path,
          `has the unknown name "${name}"; known: ${Object.keys(fields).join(', ')}`,
        )
      }
      read.push([name, field(value, `${path}.${name}`)])
    }
    return Object.fromEntries(read) as { [Name in keyof Fields]?: ReturnType<Fields[Name]> }
  }
}

function many<T>(item: Reader<T>): Reader<readonly T[]> {
  return (json, path) => {
    if (!Array.isArray(json)) throw wrong(path, 'must be a list')
    return json.map((one, index) => item(one, `${path}[${index}]`))
  }
}

function oneOf<const T extends string>(choices: readonly T[]): Reader<T> {
  return (json, path) =>
    choices.find((choice) => choice === json) ??
    refuse(path, `must be one of ${choices.join(', ')}`)
}

function string(json: unknown, path: string): string {
  return typeof json === 'string' ? json : refuse(path, 'must be a text')
}

function boolean(json: unknown, path: string): boolean {
  return typeof json === 'boolean' ? json : refuse(path, 'must be true or false')
}

function wholeNumber(json: unknown, path: string): number {
  const valid = typeof json === 'number' && Number.isSafeInteger(json) && json >= 0
  return valid ? json : refuse(path, 'must be a whole number')
}

/** A text, because a JSON number cannot hold all 64 bits. */
function lease(json: unknown, path: string): string {
  const text = string(json, path)
  try {
    return leaseId(text)
  } catch (cause) {
    throw wrong(path, cause instanceof Error ? cause.message : String(cause))
  }
}

function present<T>(value: T | undefined, path: string): T {
  return value ?? refuse(path, 'is missing')
}

/** What a reader left out is absent, as commander leaves out options that were not given. */
function given<T extends object>(flags: { readonly [Name in keyof T]?: T[Name] | undefined }): T {
  return flags as T
}

function refuse(path: string, reason: string): never {
  throw wrong(path, reason)
}

function wrong(path: string, reason: string): UsageError {
  return new UsageError(`${path} ${reason}`)
}
