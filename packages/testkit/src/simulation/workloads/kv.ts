/** Reads, writes, deletes and transactions on a few keys; reads of the past, and compactions. */

import type { KvInput, KvOutput } from '../../history/kv-operation.js'
import { KvMix } from '../../workload/kv-mix.js'
import { runKv } from '../../workload/run-kv.js'
import { check } from '../check.js'
import type { ClientProcess } from '../client-process.js'
import { orFailed } from '../run-records.js'
import { nest } from './nested-txns.js'
import { readThePast } from './past-reads.js'

const KEYS = 4
const PAUSE_MS = 40
const READERS = 8
const READ_EVERY_MS = 2

export async function kvWorkload(process: ClientProcess, operations: number): Promise<void> {
  const { name, chance } = process
  const mix = new KvMix(chance, name, KEYS)
  for (let done = 0; done < operations && !process.isToEnd(); done += 1) {
    const kind = chance.below(100)
    if (kind < 62) await operate(process, mix)
    else if (kind < 70) await readInCrowd(process)
    else if (kind < 85) await orFailed(readThePast(process))
    else if (kind < 95) await orFailed(nest(process))
    else await orFailed(compact(process))
    await process.pause(chance.exponential(PAUSE_MS))
  }
}

async function operate(process: ClientProcess, mix: KvMix): Promise<void> {
  const output = await perform(process, process.name, mix.next())
  if (output !== undefined) mix.saw(output)
}

/** Many reads at once: those that come while a round of the barrier is under way must wait for the next. */
async function readInCrowd(process: ClientProcess): Promise<void> {
  const { name, chance } = process
  const reading = Array.from({ length: READERS }, async (_, reader) => {
    const input = { type: 'range', key: `k/${chance.below(KEYS)}` } as const
    await process.pause(reader * READ_EVERY_MS)
    await perform(process, `${name}+${reader}`, input)
  })
  await Promise.all(reading)
}

async function perform(
  { client, records, lastWriteId }: ClientProcess,
  name: string,
  input: KvInput,
): Promise<KvOutput | undefined> {
  const known = records.ledger.revision
  const idBefore = lastWriteId()
  const output = await records.kv.record(name, input, () => runKv(client, input))
  const id = lastWriteId()
  if (id !== undefined && id !== idBefore) records.fates.sent(input, id)
  if (output === undefined) return undefined
  const isStale = input.type === 'range' && input.serializable === true
  check(
    isStale || output.revision >= known,
    `${name} was answered from ${output.revision} when ${known} was committed before it asked`,
  )
  return output
}

async function compact({ client, chance, records }: ClientProcess): Promise<void> {
  await client.kv.compact(Math.max(1, records.states.revision - chance.below(20)))
}
