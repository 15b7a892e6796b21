/** The tree of commands, with what they share: global options, help, and how they are refused. */

import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { positiveNumber } from './arguments.js'
import type { CommandHost } from './command-host.js'
import { addAlarm } from './commands/alarm.js'
import { addCompact } from './commands/compact.js'
import { addDefrag } from './commands/defrag.js'
import { addDel } from './commands/del.js'
import { addElect } from './commands/elect.js'
import { addGet } from './commands/get.js'
import { addLease } from './commands/lease.js'
import { addLock } from './commands/lock.js'
import { addMember } from './commands/member.js'
import { addPut } from './commands/put.js'
import { addServe } from './commands/serve.js'
import { addSnapshot } from './commands/snapshot.js'
import { addStatus } from './commands/status.js'
import { addTransferLeadership } from './commands/transfer-leadership.js'
import { addTxn } from './commands/txn.js'
import { addWatch } from './commands/watch.js'
import { exitCodeHelp } from './exit-code.js'
import type { Io } from './io.js'

const commands: readonly ((program: Command, host: CommandHost) => void)[] = [
  addServe,
  addGet,
  addPut,
  addDel,
  addWatch,
  addTxn,
  addLease,
  addLock,
  addElect,
  addStatus,
  addMember,
  addSnapshot,
  addCompact,
  addDefrag,
  addAlarm,
  addTransferLeadership,
]

export function createProgram(io: Io, host: CommandHost): Command {
  const program = new Command('holdfast')
    .description(
      'Fair locks, elections and a replicated key-value store. `serve` runs a coordinator; every ' +
        'other command is a client of one, or of any etcd v3.',
    )
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand('help [command]', 'explain a command, or `help exit-codes`')
    .option(
      '--endpoints <urls>',
      'where to find the coordinator; a comma list (env: HOLDFAST_ENDPOINTS; default: http://127.0.0.1:2379)',
    )
    .option('--json', 'print JSON documents, one per line, errors too')
    .option('--timeout-ms <ms>', 'how long a request may take (default: 5000)', positiveNumber)
    .configureHelp({ showGlobalOptions: true })
    // Errors are printed by `run`, which knows the form that was asked for.
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => undefined,
    })
    .addHelpText('after', `\n${exitCodeHelp()}`)
    .exitOverride()
  for (const add of commands) add(program, host)
  return program
}

/** Beside both `src` and `dist`. */
function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  return (manifest as { readonly version: string }).version
}
