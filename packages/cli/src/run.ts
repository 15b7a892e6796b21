/** From arguments to an exit code. Never throws, and never ends the process by itself. */

import { CommanderError } from 'commander'
import { createHost } from './command-host.js'
import { exitCode, exitCodeHelp } from './exit-code.js'
import { describeFailure } from './failure.js'
import type { Io } from './io.js'
import { createOutput } from './output.js'
import { createProgram } from './program.js'

/** @param argv the arguments, without the names of the interpreter and the script. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  if (argv[0] === 'help' && argv[1] === 'exit-codes') {
    io.stdout.write(`${exitCodeHelp()}\n`)
    return exitCode.ok
  }
  const host = createHost(io)
  try {
    await createProgram(io, host).parseAsync(commandLine(argv), { from: 'user' })
    return host.exit ?? exitCode.ok
  } catch (error) {
    if (error instanceof CommanderError && isHelp(error)) {
      // Without a command the help is an answer to a wrong call, and commander wrote it as one.
      return error.exitCode === 0 ? exitCode.ok : exitCode.usage
    }
    const failure = describeFailure(error)
    createOutput(io, wantsJson(argv)).failure(failure)
    return failure.exit
  }
}

/** commander's `help` knows of commands only, and not of those within them. */
function commandLine(argv: readonly string[]): readonly string[] {
  const [first, ...words] = argv
  return first === 'help' && words.length > 1 ? [...words, '--help'] : argv
}

const isHelp = ({ code }: CommanderError): boolean =>
  code === 'commander.helpDisplayed' || code === 'commander.help' || code === 'commander.version'

/** Also when the arguments could not be parsed. What follows `--` belongs to another program. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return argv.slice(0, end < 0 ? undefined : end).includes('--json')
}
