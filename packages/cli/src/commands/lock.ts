/** `holdfast lock`: holds a lock, usually around a command. */

import {
  AcquireTimeoutError,
  type HeldLock,
  type Holdfast,
  type LockHolder,
} from '@holdfast/client'
import { Option, type Command } from 'commander'
import { withClient } from '../client.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { exitCode } from '../exit-code.js'
import { addHoldOptions, killAfterMs, sessionOf, type HoldFlags } from '../hold-options.js'
import { workWhileHeld } from '../held-command.js'
import { listenForStop, type Stop } from '../stop-signal.js'
import { UsageError } from '../usage-error.js'

interface Flags extends HoldFlags {
  readonly try?: boolean
}

export function addLock(program: Command, host: CommandHost): void {
  const command = program
    .command('lock <name> [command...]')
    .usage('[options] <name> [-- <command...>]')
  teach(command, {
    summary: 'run a command while holding a lock',
    explanation:
      'Waits for the lock behind all who asked before, runs COMMAND while it holds it, and exits ' +
      "with COMMAND's status. COMMAND finds HOLDFAST_LOCK_NAME, HOLDFAST_LOCK_KEY and " +
      'HOLDFAST_FENCING_TOKEN in its environment; what it writes to should refuse a token lower than ' +
      'the highest it has seen. SIGINT, SIGTERM and SIGHUP are passed on, and the lock is released ' +
      'after COMMAND has ended. When the lock is lost, COMMAND and all that it started in its ' +
      'process group is stopped. Without COMMAND the lock is held until SIGINT or SIGTERM.',
    examples: [
      'holdfast lock nightly-report -- sh -c \'echo "token $HOLDFAST_FENCING_TOKEN"\'',
      'holdfast lock nightly-report --try -- sleep 1',
      'holdfast lock nightly-report --wait-timeout-ms 5000 --label "by hand" -- date',
    ],
  })
  addHoldOptions(command)
    .addOption(
      new Option('--try', 'do not wait: exit with 75 if somebody has it').conflicts(
        'waitTimeoutMs',
      ),
    )
    .action((name: string, words: readonly string[], flags: Flags) =>
      host.run(command, (surroundings) => lock({ name, words, flags }, surroundings)),
    )
}

interface Request {
  readonly name: string
  readonly words: readonly string[]
  readonly flags: Flags
}

async function lock(request: Request, surroundings: Surroundings): Promise<number> {
  const { name, words, flags } = request
  if (name === '') throw new UsageError('the name of the lock is empty')
  using stop = listenForStop(surroundings.io)
  const work = async (client: Holdfast): Promise<number> => {
    const held = await acquire(client, request, { stop, surroundings })
    if (typeof held === 'number') return held
    const { key, fencingToken, signal, release } = held
    const env = {
      HOLDFAST_LOCK_NAME: name,
      HOLDFAST_LOCK_KEY: key,
      HOLDFAST_FENCING_TOKEN: String(fencingToken),
    }
    const line = `${name} is locked, fencing token ${fencingToken}, key ${key}`
    const announcement = { event: 'locked', line }
    const hold = { name, key, fencingToken, signal, giveUp: release }
    return workWhileHeld(
      { held: hold, command: words, env, killAfterMs: killAfterMs(flags), announcement },
      stop,
      surroundings,
    )
  }
  return await withClient(surroundings, work, sessionOf(flags))
}

/** The lock, or the exit code of not getting it. */
async function acquire(
  client: Holdfast,
  { name, flags }: Request,
  { stop, surroundings }: { readonly stop: Stop; readonly surroundings: Surroundings },
): Promise<HeldLock | number> {
  const lock = client.lock(name)
  const { signal } = stop
  try {
    if (flags.try !== true) return await lock.acquire({ signal, timeoutMs: flags.waitTimeoutMs })
    const held = await lock.tryAcquire({ signal })
    if (held !== undefined) return held
    const { holder } = await lock.inspect({ signal })
    return busy(`${name} is not free`, holder, surroundings)
  } catch (error) {
    if (stop.exit !== undefined) return stop.exit
    if (error instanceof AcquireTimeoutError) return busy(error.message, error.holder, surroundings)
    throw error
  }
}

function busy(message: string, holder: LockHolder | undefined, { output }: Surroundings): number {
  const { label, host, pid, since } = holder ?? {}
  const said = label === undefined ? undefined : JSON.stringify(label)
  const parts = [said, host, pid === undefined ? undefined : `process ${pid}`].filter(Boolean)
  const by = parts.length > 0 ? `: held by ${parts.join(', ')}` : ''
  const from = parts.length > 0 && since !== undefined ? `, who asked for it at ${since}` : ''
  output.failure({
    exit: exitCode.busy,
    code: 'acquireTimeout',
    message: `${message}${by}${from}`,
    outcome: 'not-applied',
  })
  return exitCode.busy
}
