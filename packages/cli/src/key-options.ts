/**
 * The options of `get`, `put` and `del`, which a transaction's operations take too, and what they
 * mean to the SDK.
 */

import type { DeleteOptions, KeyRange, PutOptions, RangeOptions } from '@holdfast/client'
import { Option, type Command } from 'commander'
import { leaseId, wholeNumber } from './arguments.js'

export interface RangeFlags {
  readonly prefix?: boolean
  readonly fromKey?: boolean
  readonly rangeEnd?: string
}

export interface GetFlags extends RangeFlags {
  readonly limit?: number
  readonly revision?: number
  readonly sortBy?: NonNullable<RangeOptions['sortBy']>
  readonly order?: NonNullable<RangeOptions['order']>
  readonly keysOnly?: boolean
  readonly countOnly?: boolean
  readonly serializable?: boolean
}

export interface PutFlags {
  readonly lease?: string
  readonly prevKv?: boolean
  readonly ignoreValue?: boolean
  readonly ignoreLease?: boolean
}

export interface DelFlags extends RangeFlags {
  readonly prevKv?: boolean
}

export const sortTargets = ['key', 'version', 'createRevision', 'modRevision', 'value'] as const
export const sortOrders = ['ascending', 'descending'] as const

export function addRangeOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--prefix', 'all keys that begin with KEY; an empty KEY means all keys').conflicts(
        ['rangeEnd', 'fromKey'],
      ),
    )
    .addOption(
      new Option(
        '--range-end <key>',
        'all keys from KEY up to but not including this one',
      ).conflicts('fromKey'),
    )
    .option('--from-key', 'all keys from KEY on')
}

export function addGetOptions(command: Command): Command {
  return addRangeOptions(command)
    .option('--limit <n>', 'at most this many (default: all)', wholeNumber)
    .option('--revision <n>', 'the store as it was at this revision', wholeNumber)
    .addOption(
      new Option('--sort-by <what>', 'what to sort by (default: key)').choices(sortTargets),
    )
    .addOption(new Option('--order <order>', 'default: ascending').choices(sortOrders))
    .option('--keys-only', 'leave the values out')
    .option('--count-only', 'only how many there are')
    .option('--serializable', 'ask one member, without a majority: perhaps outdated')
}

export function addPutOptions(command: Command): Command {
  return command
    .option('--lease <id>', 'the key is deleted when this lease ends', leaseId)
    .option('--prev-kv', 'print what was replaced')
    .option('--ignore-value', 'change only the lease; the key must exist')
    .option('--ignore-lease', 'change only the value; the key must exist')
}

export function addDelOptions(command: Command): Command {
  return addRangeOptions(command).option('--prev-kv', 'print what was deleted')
}

export function keyRange(
  key: string | Uint8Array,
  { prefix, fromKey, rangeEnd }: RangeFlags,
): KeyRange {
  if (prefix === true) return { prefix: key }
  if (fromKey === true) return { from: key }
  return rangeEnd === undefined ? key : { from: key, to: rangeEnd }
}

export function rangeOptions(flags: GetFlags): RangeOptions {
  const { limit, revision, sortBy, order, keysOnly, countOnly, serializable } = flags
  return { limit, revision, sortBy, order, keysOnly, countOnly, serializable }
}

export function putOptions({ lease, prevKv, ignoreValue, ignoreLease }: PutFlags): PutOptions {
  return { lease, previous: prevKv, ignoreValue, ignoreLease }
}

export function delOptions({ prevKv }: DelFlags): DeleteOptions {
  return { previous: prevKv }
}
