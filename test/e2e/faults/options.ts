/** The command line, checked and defaulted in one place. */

import { parseFlags } from '../../command-line.js'
import { NETWORKS, type Network } from './networks.js'
import { FAULT_CLASSES, type FaultClass } from './schedule.js'
import type { Workload } from './workload.js'
import { workloads } from './workloads/workloads.js'

export interface RunOptions {
  readonly seed: number
  /** How long new cells are begun. */
  readonly minutes: number
  readonly cellSeconds: number
  /** So many cells, however long they take. */
  readonly cells: number | undefined
  readonly members: number
  /** `links` are TCP proxies; `packets` are lost between hosts of their own, where that is possible. */
  readonly network: Network
  readonly classes: readonly FaultClass[]
  readonly workloads: readonly Workload[]
  /** So many kills instead, and nothing else. */
  readonly kills: number | undefined
  readonly heartbeatIntervalMs: number
  readonly electionTimeoutMs: number
}

/** One line for the person who typed it. */
export class RunOptionsError extends Error {
  override readonly name = 'RunOptionsError'
}

const classNames = Object.keys(FAULT_CLASSES) as FaultClass[]

export const usage = `npm run e2e -- [--minutes 5 | --cells N] [--seed N] [--members 3|5] [--cell-seconds 15] [--network links|packets]
           [--faults ${classNames.join()}]
           [--workloads ${workloads.map(({ name }) => name).join()}]
           [--heartbeat-interval-ms 50] [--election-timeout-ms 500]
npm run e2e -- --kills 500 [--seed N] [...]    kills that many members that serve, one at a time`

/** @throws {RunOptionsError} naming what is wrong; undefined when only help was asked for */
export function parseOptions(args: readonly string[]): RunOptions | undefined {
  const values = parsed(args)
  if (values.help === true) return undefined
  const members = wholeNumber('--members', values.members ?? '3')
  if (members !== 3 && members !== 5) throw new RunOptionsError('--members must be 3 or 5')
  return Object.freeze({
    seed: wholeNumber('--seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 31))),
    minutes: wholeNumber('--minutes', values.minutes ?? '5'),
    cells: values.cells === undefined ? undefined : wholeNumber('--cells', values.cells),
    cellSeconds: wholeNumber('--cell-seconds', values['cell-seconds'] ?? '15'),
    members,
    network: networkOf(values.network ?? 'links'),
    classes: list('--faults', values.faults, classNames, (name) => name),
    workloads: list('--workloads', values.workloads, workloads, ({ name }) => name),
    kills: values.kills === undefined ? undefined : wholeNumber('--kills', values.kills),
    heartbeatIntervalMs: wholeNumber(
      '--heartbeat-interval-ms',
      values['heartbeat-interval-ms'] ?? '50',
    ),
    electionTimeoutMs: wholeNumber('--election-timeout-ms', values['election-timeout-ms'] ?? '500'),
  })
}

const FLAGS = {
  help: { type: 'boolean' },
  seed: { type: 'string' },
  minutes: { type: 'string' },
  'cell-seconds': { type: 'string' },
  cells: { type: 'string' },
  members: { type: 'string' },
  network: { type: 'string' },
  faults: { type: 'string' },
  workloads: { type: 'string' },
  kills: { type: 'string' },
  'heartbeat-interval-ms': { type: 'string' },
  'election-timeout-ms': { type: 'string' },
} as const

function parsed(args: readonly string[]) {
  return parseFlags(args, FLAGS, (message, cause) => new RunOptionsError(message, { cause }))
}

function networkOf(text: string): Network {
  const network = NETWORKS.find((name) => name === text)
  if (network !== undefined) return network
  throw new RunOptionsError(`--network takes ${NETWORKS.join()}, not "${text}"`)
}

function wholeNumber(flag: string, text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new RunOptionsError(`${flag} must be a whole number above 0, not "${text}"`)
}

/** All of them if none is named. */
function list<T>(
  flag: string,
  text: string | undefined,
  known: readonly T[],
  nameOf: (item: T) => string,
): readonly T[] {
  if (text === undefined) return known
  return text.split(',').map((name) => {
    const item = known.find((one) => nameOf(one) === name)
    if (item !== undefined) return item
    throw new RunOptionsError(`${flag} takes ${known.map(nameOf).join()}, not "${name}"`)
  })
}
