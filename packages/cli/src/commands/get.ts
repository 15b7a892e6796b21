/** `holdfast get`: reads one key or an interval of them. */

import type { Command } from 'commander'
import { withClient } from '../client.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { jsonRange, textRange } from '../entry-output.js'
import { exitCode } from '../exit-code.js'
import { addGetOptions, keyRange, rangeOptions, type GetFlags } from '../key-options.js'

interface Flags extends GetFlags {
  readonly printValueOnly?: boolean
}

export function addGet(program: Command, host: CommandHost): void {
  const command = program.command('get <key>')
  teach(command, {
    summary: 'read keys',
    explanation:
      'Reads one key, or an interval of keys. The read is linearizable: it sees every write that ' +
      'was acknowledged before it. A single key that does not exist prints nothing and exits with 3.',
    examples: [
      'holdfast get config/rate',
      'holdfast get config/ --prefix --keys-only',
      'holdfast get config/rate --print-value-only > rate.bin',
      'holdfast get "" --prefix --sort-by modRevision --order descending --limit 5',
    ],
  })
  addGetOptions(command).option(
    '--print-value-only',
    'print values as they are, each with a line end',
  )
  command.action((key: string, flags: Flags) =>
    host.run(command, (surroundings) => get(key, flags, surroundings)),
  )
}

async function get(key: string, flags: Flags, surroundings: Surroundings): Promise<number> {
  const { io, output } = surroundings
  const range = keyRange(key, flags)
  const result = await withClient(surroundings, (client) =>
    client.kv.range(range, rangeOptions(flags)),
  )
  if (flags.printValueOnly === true && !output.json) {
    for (const { bytes } of result.entries) {
      io.stdout.write(bytes)
      io.stdout.write('\n')
    }
  } else {
    output.result({ json: () => jsonRange(result), text: () => textRange(result, flags) })
  }
  return typeof range === 'string' && result.count === 0 ? exitCode.negative : exitCode.ok
}
