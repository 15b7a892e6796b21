/** The command line of the fuzzer, checked and defaulted in one place. */

import { parseFlags } from '../command-line.js'
import { inputKinds, type InputKind } from './input.js'

export interface FuzzOptions {
  readonly inputs: number
  /** Decides every input, with its number. */
  readonly seed: number
  /** The number of the first input: a later one repeats a part of a run. */
  readonly first: number
  readonly kinds: readonly InputKind[]
  /** The run ends after so long, even if not all inputs were sent. */
  readonly seconds: number
}

/** One line for the person who typed it. */
export class FuzzOptionsError extends Error {
  override readonly name = 'FuzzOptionsError'
}

export const usage = `npm run fuzz -- [--inputs 100000] [--seed 1] [--first 0] [--kinds json,http,stream,websocket]

  --inputs N     how many inputs are sent to a member (default: 100000)
  --seed N       what they are (default: drawn, and printed)
  --first N      begins with this one of them, to repeat a part of a run (default: 0)
  --kinds LIST   only these kinds (default: all)
  --seconds N    ends after so long, with what was shown until then (default: no limit)
  --help`

/** @throws {FuzzOptionsError} naming what is wrong; undefined when only help was asked for */
export function parseOptions(
  args: readonly string[],
  drawSeed: () => number,
): FuzzOptions | undefined {
  const flags = parseFlags(args, FLAGS, (message, cause) => {
    return new FuzzOptionsError(message, { cause })
  })
  if (flags.help === true) return undefined
  return {
    inputs: wholeNumber('--inputs', flags.inputs ?? '100000', 1),
    seed: flags.seed === undefined ? drawSeed() : wholeNumber('--seed', flags.seed, 0),
    first: wholeNumber('--first', flags.first ?? '0', 0),
    kinds: flags.kinds === undefined ? inputKinds : kindsIn(flags.kinds),
    seconds: flags.seconds === undefined ? Infinity : wholeNumber('--seconds', flags.seconds, 1),
  }
}

/** What repeats the run, or a part of it. */
export function replayCommand({ inputs, seed, first, kinds }: FuzzOptions): string {
  const part = first === 0 ? '' : ` --first ${first}`
  const some = kinds.length === inputKinds.length ? '' : ` --kinds ${kinds.join()}`
  return `npm run fuzz -- --inputs ${inputs} --seed ${seed}${part}${some}`
}

const FLAGS = {
  help: { type: 'boolean' },
  inputs: { type: 'string' },
  seed: { type: 'string' },
  first: { type: 'string' },
  kinds: { type: 'string' },
  seconds: { type: 'string' },
} as const

function kindsIn(text: string): readonly InputKind[] {
  const names = text.split(',')
  const isKind = (name: string): boolean => inputKinds.some((kind) => kind === name)
  if (names.every(isKind)) return inputKinds.filter((kind) => names.includes(kind))
  throw new FuzzOptionsError(`--kinds takes some of ${inputKinds.join()}, not "${text}"`)
}

function wholeNumber(flag: string, text: string, least: number): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= least) return number
  throw new FuzzOptionsError(`${flag} must be a whole number from ${least} on, not "${text}"`)
}
