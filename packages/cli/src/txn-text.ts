/**
 * The text form of a transaction, as etcdctl takes it: comparisons, operations if they all hold,
 * operations otherwise, one a line, the three parts divided by blank lines.
 *
 *     mod("config/rate") > "0"
 *
 *     put config/rate 12
 *     get config/ --prefix
 *
 *     put config/rate 10
 *
 * Words are divided by blanks; "…" knows the escapes of JSON, '…' none. `Deviation:` etcdctl wants
 * quotes around the key and the operand of a comparison; here a word without blanks needs none.
 */

import { Command, CommanderError } from 'commander'
import type { Comparison } from '@holdfast/client'
import { leaseId } from './arguments.js'
import {
  addDelOptions,
  addGetOptions,
  addPutOptions,
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
import { UsageError } from './usage-error.js'

interface Line {
  readonly number: number
  readonly text: string
}

/** @throws {UsageError} naming the line */
export function parseTxnText(input: string): TxnPlan {
  const [compares, success, failure, ...rest] = parts(input)
  const [surplus] = rest.flat()
  if (surplus !== undefined) throw wrong(surplus, 'there is nothing after the third part')
  return {
    compare: (compares ?? []).map(parseCompare),
    success: (success ?? []).map(parseOp),
    failure: (failure ?? []).map(parseOp),
  }
}

/** A blank line ends a part, also an empty one, except that the input may end with any number. */
function parts(input: string): readonly (readonly Line[])[] {
  const found: Line[][] = [[]]
  const lines = input.trimEnd().split('\n')
  lines.forEach((raw, index) => {
    const text = raw.trim()
    if (text === '') found.push([])
    else found.at(-1)?.push({ number: index + 1, text })
  })
  return found
}

const WORD = String.raw`"(?:[^"\\]|\\.)*"|'[^']*'|[^\s()"'=!<>]+`
const COMPARE = new RegExp(
  String.raw`^([a-z]+)\s*\(\s*(${WORD})\s*\)\s*(=|!=|<|>)\s*(${WORD})$`,
  'u',
)
/** etcdctl's short names. */
const aliases: Readonly<Record<string, string>> = {
  ver: 'version',
  c: 'create',
  m: 'mod',
  val: 'value',
}

function parseCompare(line: Line): PlannedCompare {
  const [, name = '', key = '', sign = '', operand = ''] = COMPARE.exec(line.text) ?? []
  if (name === '') throw wrong(line, `a comparison looks like mod("key") > "0"`)
  const target = compareTargets.find((known) => known === (aliases[name] ?? name))
  const comparison = comparisons.find((known): known is Comparison => known === sign)
  if (target === undefined || comparison === undefined) {
    throw wrong(line, `what is compared is one of ${compareTargets.join(', ')}, not ${name}`)
  }
  const shared = { key: unquote(line, key), comparison }
  const value = unquote(line, operand)
  if (target === 'value') return { ...shared, target, operand: value }
  if (target === 'lease') return { ...shared, target, operand: parseWith(line, leaseId, value) }
  if (!/^\d{1,15}$/.test(value)) throw wrong(line, `${target} is compared with a whole number`)
  return { ...shared, target, operand: Number(value) }
}

function parseWith<T>(line: Line, read: (text: string) => T, text: string): T {
  try {
    return read(text)
  } catch (cause) {
    throw wrong(line, cause instanceof Error ? cause.message : String(cause))
  }
}

/** Read by commander, with the options that the commands of the same names have. */
function parseOp(line: Line): PlannedOp {
  let found: PlannedOp | undefined
  const program = new Command().exitOverride().helpCommand(false).helpOption(false)
  // What is wrong is said by the error.
  program.configureOutput({ writeErr: () => undefined, writeOut: () => undefined })
  addGetOptions(program.command('get <key>')).action((key: string, flags: GetFlags) => {
    found = { type: 'get', key, flags }
  })
  addPutOptions(program.command('put <key> [value]')).action(
    (key: string, value: string | undefined, flags: PutFlags) => {
      if (value === undefined && flags.ignoreValue !== true) throw wrong(line, 'put needs a value')
      found = { type: 'put', key, value: value ?? '', flags }
    },
  )
  addDelOptions(program.command('del <key>')).action((key: string, flags: DelFlags) => {
    found = { type: 'del', key, flags }
  })
  try {
    program.parse(words(line), { from: 'user' })
  } catch (cause) {
    if (cause instanceof CommanderError) throw wrong(line, cause.message)
    throw cause
  }
  if (found === undefined) throw wrong(line, 'an operation is get, put or del')
  return found
}

/** A word may be put together of quoted and bare pieces, as in `--lease="1"`. */
function words(line: Line): readonly string[] {
  const found: string[] = []
  let rest = line.text
  while (rest !== '') {
    const [word] = /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'])+/u.exec(rest) ?? []
    if (word === undefined) throw wrong(line, 'a quote is not closed')
    const pieces = word.match(/"(?:[^"\\]|\\.)*"|'[^']*'|[^"']+/gu) ?? []
    found.push(pieces.map((piece) => unquote(line, piece)).join(''))
    rest = rest.slice(word.length).trimStart()
  }
  return found
}

function unquote(line: Line, word: string): string {
  if (word.startsWith("'")) return word.slice(1, -1)
  if (!word.startsWith('"')) return word
  try {
    return JSON.parse(word) as string
  } catch {
    throw wrong(line, `${word} has an escape that is not one of JSON`)
  }
}

function wrong({ number, text }: Line, reason: string): UsageError {
  return new UsageError(`line ${number} of the transaction, ${text}: ${reason}`)
}
