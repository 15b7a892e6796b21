/**
 * What `lock` and `elect` do with what they got: run a command while it is held, or hold it until
 * they are told to stop.
 *
 * Order: the command's processes end → the hold is given up. So nobody else holds it while the
 * command of this one still runs, as long as the hold is not lost; and when it is lost, the command
 * is stopped before the lease can expire, by the margin that the SDK keeps.
 */

import { LockLostError } from '@holdfast/client'
import { runChildCommand } from './child-command.js'
import type { Surroundings } from './command-host.js'
import { exitCode } from './exit-code.js'
import { describeFailure } from './failure.js'
import type { Stop } from './stop-signal.js'

/** A lock or a leadership. */
export interface Held {
  readonly name: string
  readonly key: string
  readonly fencingToken: number
  /** Aborts when it is lost. */
  readonly signal: AbortSignal
  readonly giveUp: () => Promise<void>
}

export interface HeldWork {
  readonly held: Held
  /** Empty: no command. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly killAfterMs: number
  /** What is printed when there is no command. */
  readonly announcement: { readonly event: string; readonly line: string }
}

/** @param stop what has listened for signals while the hold was waited for; it is ended here. */
export async function workWhileHeld(
  work: HeldWork,
  stop: Stop,
  surroundings: Surroundings,
): Promise<number> {
  const { held } = work
  try {
    if (stop.exit !== undefined) return stop.exit
    return work.command.length > 0
      ? await runCommand(work, stop, surroundings)
      : await holdUntilTold(work, stop, surroundings)
  } finally {
    await held.giveUp()
  }
}

async function runCommand(
  work: HeldWork,
  stop: Stop,
  { io, output }: Surroundings,
): Promise<number> {
  const { held, command, env, killAfterMs } = work
  const running = runChildCommand({ io, command, env, killAfterMs, lost: held.signal })
  // From here on signals are for the command.
  stop[Symbol.dispose]()
  const result = await running
  if (result.type === 'ended') return result.exit
  if (result.type === 'stoppedByLoss') return reportLoss(held, output)
  output.failure({ exit: result.exit, code: 'commandNotStarted', message: result.reason })
  return result.exit
}

async function holdUntilTold(
  work: HeldWork,
  stop: Stop,
  { output }: Surroundings,
): Promise<number> {
  const { held, announcement } = work
  const { name, key, fencingToken } = held
  output.result({
    json: () => ({ event: announcement.event, name, key, fencingToken }),
    text: () => announcement.line,
  })
  const lost = new Promise<'lost'>((resolve) => {
    if (held.signal.aborted) resolve('lost')
    else held.signal.addEventListener('abort', () => resolve('lost'), { once: true })
  })
  const end = await Promise.race([lost, stop.heard])
  return end === 'lost' ? reportLoss(held, output) : exitCode.ok
}

function reportLoss({ name, signal }: Held, output: Surroundings['output']): number {
  const reason: unknown = signal.reason
  const failure = describeFailure(reason instanceof LockLostError ? reason : lossOf(name))
  output.failure({ ...failure, exit: exitCode.lost })
  return exitCode.lost
}

const lossOf = (name: string): LockLostError => new LockLostError(name, 'expired')
