/** The command line, checked and defaulted in one place. */

import { parseFlags } from '../command-line.js'
import { lineup, rowsNamed, type Row } from './lineup.js'
import { isWorkload, workloads, type Workload } from './workloads.js'

export interface BenchOptions {
  readonly rows: readonly Row[]
  readonly workloads: readonly Workload[]
  readonly concurrency: readonly number[]
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Whether to look at fsyncs and at the event loop after the rounds. */
  readonly evidence: boolean
  readonly json: string | undefined
}

/** One line for the person who typed it. */
export class BenchOptionsError extends Error {
  override readonly name = 'BenchOptionsError'
}

export const usage = `npm run bench [--seconds 3] [--warm-up 1] [--rounds 3] [--concurrency 1,64,256]
           [--workloads ${workloads.join()}] [--only ROW,...] [--no-evidence] [--json FILE]

ROW is one of ${lineup.map(({ id }) => id).join(', ')},
or what stands before the dash, for all rows of it.`

/** @throws {BenchOptionsError} naming what is wrong; undefined when only help was asked for */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const values = parsed(args)
  if (values.help === true) return undefined
  return Object.freeze({
    rows:
      values.only === undefined ? lineup : [...new Set(list('--only', values.only, rowsOf).flat())],
    workloads: list('--workloads', values.workloads ?? workloads.join(), workloadOf),
    concurrency: list('--concurrency', values.concurrency ?? '1,64,256', wholeNumber),
    rounds: wholeNumber(values.rounds ?? '3', '--rounds'),
    seconds: positive(values.seconds ?? '3', '--seconds'),
    warmUpSeconds: positive(values['warm-up'] ?? '1', '--warm-up'),
    evidence: values['no-evidence'] !== true,
    json: values.json,
  })
}

const FLAGS = {
  seconds: { type: 'string' },
  'warm-up': { type: 'string' },
  rounds: { type: 'string' },
  concurrency: { type: 'string' },
  workloads: { type: 'string' },
  only: { type: 'string' },
  'no-evidence': { type: 'boolean' },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

function parsed(args: readonly string[]) {
  return parseFlags(args, FLAGS, (message, cause) => new BenchOptionsError(message, { cause }))
}

function list<T>(flag: string, text: string, read: (item: string, flag: string) => T): T[] {
  return text.split(',').map((item) => read(item.trim(), flag))
}

function rowsOf(name: string, flag: string): readonly Row[] {
  const rows = rowsNamed([name])
  if (rows.length === 0) throw new BenchOptionsError(`${flag} knows no row "${name}"`)
  return rows
}

function workloadOf(name: string, flag: string): Workload {
  if (!isWorkload(name)) throw new BenchOptionsError(`${flag} knows no workload "${name}"`)
  return name
}

function wholeNumber(text: string, flag: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 10_000) {
    throw new BenchOptionsError(`${flag} takes whole numbers from 1 to 10,000, not "${text}"`)
  }
  return number
}

function positive(text: string, flag: string): number {
  const number = Number(text)
  if (!(number > 0 && number <= 3_600)) {
    throw new BenchOptionsError(`${flag} takes seconds, more than 0, not "${text}"`)
  }
  return number
}
