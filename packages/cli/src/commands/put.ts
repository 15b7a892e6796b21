/** `holdfast put`: writes one key. */

import type { Command } from 'commander'
import { withClient } from '../client.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { jsonPut, textPut } from '../entry-output.js'
import { exitCode } from '../exit-code.js'
import { readAll } from '../io.js'
import { addPutOptions, putOptions, type PutFlags } from '../key-options.js'
import { UsageError } from '../usage-error.js'

export function addPut(program: Command, host: CommandHost): void {
  const command = program.command('put <key> [value]')
  teach(command, {
    summary: 'write a key',
    explanation:
      'Writes one key. Without VALUE, or with -, the value is read from standard input, byte by ' +
      'byte. A value that begins with a dash goes behind --. When it prints OK, a majority has the ' +
      'value on disk.',
    examples: [
      'holdfast put config/rate 10',
      'printf 12 | holdfast put config/rate --prev-kv',
      'holdfast put config/offset -- -5',
    ],
  })
  addPutOptions(command).action((key: string, value: string | undefined, flags: PutFlags) =>
    host.run(command, (surroundings) => put({ key, value, flags }, surroundings)),
  )
}

interface Put {
  readonly key: string
  readonly value: string | undefined
  readonly flags: PutFlags
}

async function put({ key, value, flags }: Put, surroundings: Surroundings): Promise<number> {
  const bytes = await valueOf({ key, value, flags }, surroundings)
  const result = await withClient(surroundings, (client) =>
    client.kv.put(key, bytes, putOptions(flags)),
  )
  surroundings.output.result({ json: () => jsonPut(result), text: () => textPut(result) })
  return exitCode.ok
}

async function valueOf({ value, flags }: Put, { io }: Surroundings): Promise<string | Uint8Array> {
  if (flags.ignoreValue === true) {
    if (value !== undefined) throw new UsageError('--ignore-value excludes a value')
    return ''
  }
  if (value !== undefined && value !== '-') return value
  if (value === undefined && io.stdin.isTTY === true) {
    throw new UsageError('a value is missing; give - to type it')
  }
  return readAll(io.stdin)
}
