/**
 * What the process's exit status means. The numbers are a promise to scripts: they follow sysexits.h
 * where it has one (69, 70, 75) and the shells where those have one (126, 127, 128+n), and none of
 * them changes its meaning.
 */

import { constants } from 'node:os'

export const exitCode = Object.freeze({
  ok: 0,
  failed: 1,
  usage: 2,
  negative: 3,
  unavailable: 69,
  internal: 70,
  busy: 75,
  lost: 76,
  notExecutable: 126,
  notFound: 127,
})

/** As a shell reports a program that a signal ended. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

export const exitCodeTable: readonly (readonly [code: string, meaning: string])[] = [
  ['0', 'done; also a server, watch or hold that was asked to stop and stopped in order'],
  ['1', 'refused or failed: by the server, or a member that could not start'],
  ['2', 'wrong usage: a flag, an argument, an input, the environment, a config file'],
  ['3', 'a negative answer: no such key or lease; a txn took its failure branch'],
  ['69', 'unavailable: no endpoint answered in time, no leader, or no majority'],
  ['70', 'an internal error, or a member that can no longer trust its state'],
  ['75', 'the lock or leadership is held by another; try again later'],
  ['76', 'the lock or leadership was lost while it was held'],
  ['126', 'the command given to lock or elect cannot be executed'],
  ['127', 'the command given to lock or elect was not found'],
  ['128+n', 'ended by signal n, or the command was'],
]

export function exitCodeHelp(): string {
  const lines = exitCodeTable.map(([code, meaning]) => `  ${code.padEnd(6)} ${meaning}`)
  return [
    'Exit codes:',
    ...lines,
    '',
    'With a COMMAND, `lock` and `elect` exit with its status, which may be any of these numbers.',
  ].join('\n')
}
