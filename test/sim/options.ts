/** The command line, checked and defaulted in one place. */

import { parseFlags } from '../command-line.js'

export interface SimOptions {
  /** `core` is Raft alone, `node` whole members with their clients. */
  readonly level: 'core' | 'node'
  /** The first, or the only one. */
  readonly seed: number
  readonly task: SimTask
  /** Only bugs that are called so; the first of them is planted where one is asked for. */
  readonly bug: string | undefined
}

export type SimTask =
  | { readonly type: 'run'; readonly minutes: number }
  | { readonly type: 'once' }
  | { readonly type: 'shrink' }
  | { readonly type: 'planted-bugs' }
  | { readonly type: 'hashes'; readonly count: number }

/** One line for the person who typed it. */
export class SimOptionsError extends Error {
  override readonly name = 'SimOptionsError'
}

export const usage = `npm run sim -- [--level core|node], and
  [--minutes 1] [--seed 1]         runs seeds until the time is up
  --once --seed 7                  runs one seed again; of the core, it prints the hash of its trace
  --shrink --seed 7 [--bug vote]   what of it makes it fail, to be kept with the tests; with the bug
                                   planted that is called so
  --planted-bugs [--bug vote]      in how many seeds each planted bug is found, or those called so
  --count 20 [--seed 1]            the hashes of so many seeds of the core; some garbage collections
                                   in between if Node was started with --expose-gc`

/** @throws {SimOptionsError} naming what is wrong; undefined when only help was asked for */
export function parseOptions(args: readonly string[]): SimOptions | undefined {
  const values = parsed(args)
  if (values.help === true) return undefined
  const { level = 'core' } = values
  if (level !== 'core' && level !== 'node')
    throw new SimOptionsError(`--level takes core,node, not "${level}"`)
  const task = taskOf(values)
  if (task.type === 'hashes' && level === 'node')
    throw new SimOptionsError('--count is for the core only')
  return { level, seed: wholeNumber('--seed', values.seed ?? '1', 0), task, bug: values.bug }
}

function taskOf(values: ReturnType<typeof parsed>): SimTask {
  const asked: readonly (SimTask | false)[] = [
    values.minutes !== undefined && { type: 'run', minutes: positive('--minutes', values.minutes) },
    values.once === true && { type: 'once' },
    values.shrink === true && { type: 'shrink' },
    values['planted-bugs'] === true && { type: 'planted-bugs' },
    values.count !== undefined && { type: 'hashes', count: wholeNumber('--count', values.count) },
  ]
  const [task = { type: 'run', minutes: 1 }, ...more] = asked.filter((one) => one !== false)
  if (more.length === 0) return task
  throw new SimOptionsError('only one of --minutes, --once, --shrink, --planted-bugs and --count')
}

const FLAGS = {
  help: { type: 'boolean' },
  level: { type: 'string' },
  seed: { type: 'string' },
  minutes: { type: 'string' },
  count: { type: 'string' },
  once: { type: 'boolean' },
  shrink: { type: 'boolean' },
  'planted-bugs': { type: 'boolean' },
  bug: { type: 'string' },
} as const

function parsed(args: readonly string[]) {
  return parseFlags(args, FLAGS, (message, cause) => new SimOptionsError(message, { cause }))
}

function wholeNumber(flag: string, text: string, least = 1): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= least) return number
  throw new SimOptionsError(`${flag} must be a whole number from ${least} on, not "${text}"`)
}

function positive(flag: string, text: string): number {
  const number = Number(text)
  if (number > 0) return number
  throw new SimOptionsError(`${flag} must be a number above 0, not "${text}"`)
}
