/** The options of the commands that hold something. */

import type { ConnectOptions } from '@holdfast/client'
import type { Command } from 'commander'
import { positiveNumber, wholeNumber } from './arguments.js'

const DEFAULT_TTL_SECONDS = 10
/** The SDK trusts a lease for nine tenths of its TTL. */
const MARGIN_OF_TTL = 0.1

export interface HoldFlags {
  readonly waitTimeoutMs?: number
  readonly ttl?: number
  readonly label?: string
  readonly killAfterMs?: number
}

export function addHoldOptions(command: Command): Command {
  return command
    .option('--wait-timeout-ms <ms>', 'wait this long at most, then exit with 75', positiveNumber)
    .option(
      '--ttl <seconds>',
      `how long it stays taken after this process is cut off (default: ${DEFAULT_TTL_SECONDS})`,
      positiveNumber,
    )
    .option('--label <text>', 'shown to whoever asks who holds it')
    .option(
      '--kill-after-ms <ms>',
      'after a loss, time between SIGTERM and SIGKILL (default: a tenth of --ttl, so that the ' +
        'command is gone before its lease can expire)',
      wholeNumber,
    )
}

export function killAfterMs({ killAfterMs: given, ttl = DEFAULT_TTL_SECONDS }: HoldFlags): number {
  return given ?? ttl * 1_000 * MARGIN_OF_TTL
}

export function sessionOf({
  ttl = DEFAULT_TTL_SECONDS,
  label,
}: HoldFlags): Pick<ConnectOptions, 'sessionTtlSeconds' | 'label'> {
  return { sessionTtlSeconds: ttl, ...(label !== undefined && { label }) }
}
