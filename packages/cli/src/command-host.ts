/** What a command is given: its surroundings, its output, and the options that every command has. */

import type { Command } from 'commander'
import type { Io } from './io.js'
import { createOutput, type Output } from './output.js'

export interface GlobalOptions {
  readonly json?: boolean
  readonly endpoints?: string
  readonly timeoutMs?: number
}

export interface Surroundings {
  readonly io: Io
  readonly output: Output
  readonly global: GlobalOptions
}

export interface CommandHost {
  /** Wraps the work of a command, which resolves to its exit code, as the action of `command`. */
  run(command: Command, work: (surroundings: Surroundings) => Promise<number>): Promise<void>
}

export interface RunningHost extends CommandHost {
  /** Of the command that ran; undefined if none did. */
  readonly exit: number | undefined
}

export function createHost(io: Io): RunningHost {
  let exit: number | undefined
  return {
    get exit() {
      return exit
    },
    async run(command, work) {
      const global = command.optsWithGlobals<GlobalOptions>()
      exit = await work({ io, output: createOutput(io, global.json === true), global })
    },
  }
}

export interface Lesson {
  /** Ends up in the list of commands. */
  readonly summary: string
  /** One paragraph: what the command does and what it promises. */
  readonly explanation: string
  /** Command lines that work when pasted. */
  readonly examples: readonly string[]
}

export function teach(command: Command, { summary, explanation, examples }: Lesson): Command {
  const lines = examples.map((example) => `  $ ${example}`)
  return command
    .summary(summary)
    .description(explanation)
    .addHelpText('after', ['', 'Examples:', ...lines].join('\n'))
}
