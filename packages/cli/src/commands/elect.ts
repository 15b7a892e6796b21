/** `holdfast elect`: leads, usually around a command, or follows who leads. */

import {
  AcquireTimeoutError,
  type Election,
  type Holdfast,
  type Leader,
  type Leadership,
} from '@holdfast/client'
import { Option, type Command } from 'commander'
import { withClient } from '../client.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { exitCode } from '../exit-code.js'
import { workWhileHeld } from '../held-command.js'
import { addHoldOptions, killAfterMs, sessionOf, type HoldFlags } from '../hold-options.js'
import { jsonBytes, printable } from '../output.js'
import { listenForStop, type Stop } from '../stop-signal.js'
import { UsageError } from '../usage-error.js'

/** To name who leads. The time that the user gave is over, so it cannot take long. */
const LEADER_LOOK_MS = 250

interface Flags extends HoldFlags {
  readonly value?: string
  readonly observe?: boolean
}

interface Request {
  readonly name: string
  readonly words: readonly string[]
  readonly flags: Flags
}

export function addElect(program: Command, host: CommandHost): void {
  const command = program
    .command('elect <name> [command...]')
    .usage('[options] <name> [-- <command...>]')
  teach(command, {
    summary: 'run a command while being the leader, or follow who leads',
    explanation:
      'Campaigns until elected, runs COMMAND while it leads, and exits with its status. COMMAND finds ' +
      'HOLDFAST_ELECTION_NAME, HOLDFAST_ELECTION_KEY and HOLDFAST_FENCING_TOKEN in its environment. ' +
      'Signals, the end, and loss are as with `lock`; to campaign again after a loss (76), start it ' +
      'again. Without COMMAND it leads until SIGINT or SIGTERM. With --observe it does not campaign, ' +
      'and prints the leader now and after each change.',
    examples: [
      'holdfast elect scheduler --value node-7 -- sh -c \'echo "leading, $HOLDFAST_FENCING_TOKEN"\'',
      'holdfast elect scheduler --observe',
    ],
  })
  addHoldOptions(command)
    .option('--value <text>', 'what observers see (default: host, process and label, as JSON)')
    .addOption(
      new Option('--observe', 'print who leads, until SIGINT or SIGTERM').conflicts([
        'value',
        'waitTimeoutMs',
        'ttl',
        'label',
        'killAfterMs',
      ]),
    )
    .action((name: string, words: readonly string[], flags: Flags) =>
      host.run(command, (surroundings) => elect({ name, words, flags }, surroundings)),
    )
}

async function elect(request: Request, surroundings: Surroundings): Promise<number> {
  const { name, words, flags } = request
  if (name === '') throw new UsageError('the name of the election is empty')
  if (flags.observe === true && words.length > 0) throw new UsageError('--observe runs no command')
  using stop = listenForStop(surroundings.io)
  const work = (client: Holdfast): Promise<number> =>
    flags.observe === true
      ? observe(client, name, { stop, surroundings })
      : lead(client, request, { stop, surroundings })
  return await withClient(surroundings, work, sessionOf(flags))
}

interface Context {
  readonly stop: Stop
  readonly surroundings: Surroundings
}

async function lead(
  client: Holdfast,
  { name, words, flags }: Request,
  { stop, surroundings }: Context,
): Promise<number> {
  const leadership = await campaign(client, { name, words, flags }, { stop, surroundings })
  if (typeof leadership === 'number') return leadership
  const { key, fencingToken, signal, resign } = leadership
  const env = {
    HOLDFAST_ELECTION_NAME: name,
    HOLDFAST_ELECTION_KEY: key,
    HOLDFAST_FENCING_TOKEN: String(fencingToken),
  }
  const line = `elected to ${name}, fencing token ${fencingToken}, key ${key}`
  const announcement = { event: 'elected', line }
  const held = { name, key, fencingToken, signal, giveUp: resign }
  const work = { held, command: words, env, killAfterMs: killAfterMs(flags), announcement }
  return workWhileHeld(work, stop, surroundings)
}

/** The leadership, or the exit code of not getting it. */
async function campaign(
  client: Holdfast,
  { name, flags }: Request,
  { stop, surroundings }: Context,
): Promise<Leadership | number> {
  const { waitTimeoutMs: timeoutMs } = flags
  const election = client.election(name)
  try {
    return await election.campaign(flags.value, { signal: stop.signal, timeoutMs })
  } catch (error) {
    if (stop.exit !== undefined) return stop.exit
    if (!(error instanceof AcquireTimeoutError)) throw error
    const leader = await leaderNow(election)
    const by = leader === undefined ? '' : `: ${printable(leader.entry.bytes)} leads`
    surroundings.output.failure({
      exit: exitCode.busy,
      code: 'acquireTimeout',
      message: `not elected to ${name} within ${timeoutMs} ms${by}`,
      outcome: 'not-applied',
    })
    return exitCode.busy
  }
}

/** For a message only, so it may fail. */
async function leaderNow(election: Election): Promise<Leader | undefined> {
  try {
    return await election.leader({ timeoutMs: LEADER_LOOK_MS })
  } catch {
    return undefined
  }
}

async function observe(
  client: Holdfast,
  name: string,
  { stop, surroundings }: Context,
): Promise<number> {
  for await (const leader of client.election(name).observe({ signal: stop.signal })) {
    surroundings.output.result({
      json: () => ({ event: 'leader', name, leader: leader === undefined ? null : json(leader) }),
      text: () => (leader === undefined ? 'nobody leads' : text(leader)),
    })
  }
  return exitCode.ok
}

function json({ key, fencingToken, entry }: Leader): object {
  return { key, fencingToken, value: jsonBytes(entry.bytes) }
}

function text({ fencingToken, entry }: Leader): string {
  return `${printable(entry.bytes)}\t(fencing token ${fencingToken})`
}
