/** `holdfast del`: deletes one key or an interval of them. */

import type { Command } from 'commander'
import { withClient } from '../client.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { jsonDelete, textDelete } from '../entry-output.js'
import { exitCode } from '../exit-code.js'
import { addDelOptions, delOptions, keyRange, type DelFlags } from '../key-options.js'

export function addDel(program: Command, host: CommandHost): void {
  const command = program.command('del <key>')
  teach(command, {
    summary: 'delete keys',
    explanation:
      'Deletes one key, or all keys of an interval in one revision, and prints how many there were. ' +
      'That there was nothing to delete is no error.',
    examples: ['holdfast del config/rate', 'holdfast del config/ --prefix --prev-kv'],
  })
  addDelOptions(command).action((key: string, flags: DelFlags) =>
    host.run(command, (surroundings) => del(key, flags, surroundings)),
  )
}

async function del(key: string, flags: DelFlags, surroundings: Surroundings): Promise<number> {
  const result = await withClient(surroundings, (client) =>
    client.kv.delete(keyRange(key, flags), delOptions(flags)),
  )
  surroundings.output.result({ json: () => jsonDelete(result), text: () => textDelete(result) })
  return exitCode.ok
}
