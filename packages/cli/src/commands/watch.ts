/** `holdfast watch`: prints changes as they happen, until it is told to stop. */

import type { WatchBatch, WatchEvent } from '@holdfast/client'
import { Option, type Command } from 'commander'
import { positiveNumber } from '../arguments.js'
import { withClient } from '../client.js'
import { teach, type CommandHost, type Surroundings } from '../command-host.js'
import { jsonEntry } from '../entry-output.js'
import { exitCode } from '../exit-code.js'
import { addRangeOptions, keyRange, type RangeFlags } from '../key-options.js'
import { jsonBytes, printable } from '../output.js'
import { listenForStop } from '../stop-signal.js'

interface Flags extends RangeFlags {
  readonly rev?: number
  readonly prevKv?: boolean
  readonly only?: 'puts' | 'deletes'
}

export function addWatch(program: Command, host: CommandHost): void {
  const command = program.command('watch <key>')
  teach(command, {
    summary: 'print changes as they happen',
    explanation:
      'Prints each change of a key, or of an interval of keys, in order, until SIGINT or SIGTERM. It ' +
      'outlives broken connections and members that go away, without losing or repeating a change. ' +
      'With --rev it begins in the past; if that history was compacted it fails.',
    examples: [
      'holdfast watch config/ --prefix',
      'holdfast watch config/ --prefix --rev 1 --prev-kv --json',
    ],
  })
  addRangeOptions(command)
    .option('--rev <n>', 'the first revision to print (default: from now on)', positiveNumber)
    .option('--prev-kv', 'print the key as it was before, too')
    .addOption(new Option('--only <kind>', 'only one kind of change').choices(['puts', 'deletes']))
    .action((key: string, flags: Flags) =>
      host.run(command, (surroundings) => watch(key, flags, surroundings)),
    )
}

async function watch(key: string, flags: Flags, surroundings: Surroundings): Promise<number> {
  using stop = listenForStop(surroundings.io)
  const { rev: fromRevision, prevKv: previous, only } = flags
  await withClient(surroundings, async (client) => {
    const { signal } = stop
    const changes = client.watch(keyRange(key, flags), { fromRevision, previous, only, signal })
    for await (const batch of changes) {
      surroundings.output.result({ json: () => jsonBatch(batch), text: () => textBatch(batch) })
    }
  })
  return exitCode.ok
}

function jsonBatch({ revision, events }: WatchBatch): object {
  return { revision, events: events.map(jsonEvent) }
}

function jsonEvent({ type, entry, previous }: WatchEvent): object {
  const deleted = { key: jsonBytes(entry.keyBytes), modRevision: entry.modRevision }
  const change = type === 'put' ? jsonEntry(entry) : deleted
  return { type, entry: change, previous: previous && jsonEntry(previous) }
}

function textBatch({ events }: WatchBatch): string {
  return events.map(textEvent).join('\n')
}

/** One line a change, so that it can be cut into columns; neither keys nor values hold a tab here. */
function textEvent({ type, entry, previous }: WatchEvent): string {
  const cells = [entry.modRevision, type, printable(entry.keyBytes)]
  if (type === 'put') cells.push(printable(entry.bytes))
  if (previous !== undefined) cells.push(`(was: ${printable(previous.bytes)})`)
  return cells.join('\t')
}
