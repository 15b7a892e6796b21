/**
 * Runs a command for as long as something is held.
 *
 * Order: the command's processes end → the caller gives up what it held. While it is held, signals
 * are passed on and the command decides. Once it is lost, the whole group is stopped, at the latest
 * after `killAfterMs`. If this process ends first, by whatever cause, the group is killed.
 */

import { exitCode, exitCodeOfSignal } from './exit-code.js'
import type { Io } from './io.js'
import { startGuard } from './orphan-guard.js'
import { ProcessGroup } from './process-group.js'

const PASSED_ON = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface ChildCommand {
  readonly io: Io
  /** At least the program. */
  readonly command: readonly string[]
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>
  /** Aborts when what is held is lost. */
  readonly lost: AbortSignal
  readonly killAfterMs: number
}

export type ChildResult =
  | { readonly type: 'ended'; readonly exit: number }
  | { readonly type: 'stoppedByLoss' }
  | { readonly type: 'notStarted'; readonly exit: number; readonly reason: string }

export async function runChildCommand(child: ChildCommand): Promise<ChildResult> {
  if (child.lost.aborted) return { type: 'stoppedByLoss' }
  let group: ProcessGroup | undefined
  const early: NodeJS.Signals[] = []
  const endSignals = child.io.onSignal(PASSED_ON, (signal) => {
    if (group === undefined) early.push(signal)
    else group.signal(signal)
  })
  const killAtExit = (): void => void group?.signal('SIGKILL')
  process.once('exit', killAtExit)
  const guard = startGuard()
  try {
    const started = await start(child)
    if (!(started instanceof ProcessGroup)) return started
    group = started
    guard.watch(started.id)
    for (const signal of early) started.signal(signal)
    return await outcome(started, child)
  } finally {
    guard.dismiss()
    process.off('exit', killAtExit)
    endSignals()
  }
}

async function start({ command, env, io }: ChildCommand): Promise<ProcessGroup | ChildResult> {
  try {
    return await ProcessGroup.start(command, { ...io.env, ...env })
  } catch (error) {
    return notStarted(command, error)
  }
}

async function outcome(
  group: ProcessGroup,
  { lost, killAfterMs }: ChildCommand,
): Promise<ChildResult> {
  const loss = new Promise<'lost'>((resolve) => {
    if (lost.aborted) resolve('lost')
    else lost.addEventListener('abort', () => resolve('lost'), { once: true })
  })
  const first = await Promise.race([loss, group.ended])
  if (first === 'lost') {
    await group.stop(killAfterMs)
    return { type: 'stoppedByLoss' }
  }
  const { code, signal } = first
  return { type: 'ended', exit: signal === null ? (code ?? 0) : exitCodeOfSignal(signal) }
}

function notStarted([program = '']: readonly string[], error: unknown): ChildResult {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
  return missing
    ? { type: 'notStarted', exit: exitCode.notFound, reason: `${program} was not found` }
    : {
        type: 'notStarted',
        exit: exitCode.notExecutable,
        reason: `${program} cannot be executed: ${error instanceof Error ? error.message : String(error)}`,
      }
}
