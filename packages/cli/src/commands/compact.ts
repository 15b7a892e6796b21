/** `holdfast compact`: forgets what keys were. */

import type { Command } from 'commander'
import { positiveNumber } from '../arguments.js'
import { withClient } from '../client.js'
import { teach, type CommandHost } from '../command-host.js'
import { exitCode } from '../exit-code.js'

export function addCompact(program: Command, host: CommandHost): void {
  const command = program
    .command('compact')
    .argument('<revision>', 'a whole number', positiveNumber)
  teach(command, {
    summary: 'forget what keys were before a revision',
    explanation:
      'Keys stay as they are; what they were before the revision can no longer be read or watched, and ' +
      'the members remove it from their disks in the background. `holdfast serve ' +
      '--auto-compaction-retention` does this by itself. `holdfast status` prints the newest revision.',
    examples: ['holdfast compact 3'],
  }).action((revision: number) =>
    host.run(command, async (surroundings) => {
      await withClient(surroundings, ({ kv }) => kv.compact(revision))
      surroundings.output.result({
        json: () => ({ revision }),
        text: () => `compacted at revision ${revision}`,
      })
      return exitCode.ok
    }),
  )
}
